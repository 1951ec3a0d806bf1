-- 錯誤更正：errors ever found in an agency-month and those no longer present, for one month.
-- An error is present while it stands in core.findings: in what counts, or in the newest refused document after it.
WITH found AS (
    SELECT DISTINCT agency_code, month, rule, dataset, coalesce(record_id, pointer) AS place
    FROM core.findings_history
    WHERE month = $month AND is_error(severity)
),
present AS (
    SELECT DISTINCT agency_code, month, rule, dataset, coalesce(record_id, pointer) AS place
    FROM core.findings
    WHERE month = $month AND is_error(severity)
)
SELECT
    agency_code,
    month,
    count(*) AS errors_found,
    count(*) FILTER (NOT still_there) AS errors_mended
FROM (
    SELECT
        f.*,
        EXISTS (
            FROM present p
            WHERE p.agency_code = f.agency_code
              AND p.rule = f.rule
              AND p.dataset IS NOT DISTINCT FROM f.dataset
              AND p.place IS NOT DISTINCT FROM f.place
        ) AS still_there
    FROM found f
)
GROUP BY agency_code, month
ORDER BY agency_code
