-- 機關報送比例表: of one year, for each agency, each authority with all below it, and the country.
-- Numerators and divisors stand beside the ratios; what each ratio is, definitions.sql says.
WITH due_months AS (FROM reports.due_months WHERE month BETWEEN $year || '-01' AND $year || '-12'),
rolled AS (
    SELECT 'agency' AS scope, agency_code AS code, * FROM due_months
    UNION ALL
    SELECT 'authority', b.authority_code, d.*
    FROM due_months d
    JOIN ledger.below b ON b.agency_code = d.agency_code AND b.month = d.month
    UNION ALL
    SELECT 'country', NULL, * FROM due_months
),
-- one row an agency within each scope first, as the headcount ratio is a mean of the agencies' own
by_agency AS (
    SELECT
        CAST($year AS INTEGER) AS year,
        scope,
        code,
        agency_code,
        count(*) FILTER (counted) AS due,
        count(*) FILTER (counted AND outcome = 'on_time') AS on_time,
        count(*) FILTER (counted AND outcome = 'late') AS late,
        count(*) FILTER (counted AND outcome = 'missing') AS missing,
        headcount_mean(
            CASE WHEN counted AND expected_headcount > 0 THEN headcount_share(headcount, expected_headcount) END
        ) AS headcount_mean,
        sum(errors_found) AS errors_found,
        sum(errors_mended) AS errors_mended
    FROM rolled
    GROUP BY ALL
),
by_scope AS (
    SELECT
        year,
        scope,
        code AS agency_code,
        sum(due) AS due,
        sum(on_time) + sum(late) AS submitted,
        sum(on_time) AS on_time,
        sum(late) AS late,
        sum(missing) AS missing,
        count(headcount_mean) AS headcount_agencies,
        headcount_mean(headcount_mean) AS headcount_mean,
        sum(errors_found) AS errors_found,
        sum(errors_mended) AS errors_mended
    FROM by_agency
    GROUP BY ALL
)
SELECT
    s.* EXCLUDE (headcount_mean),
    CASE WHEN scope = 'country' THEN '全國' ELSE n.agency_name END AS agency_name,
    agency_ratio(submitted, due) AS agency_ratio,
    on_time_ratio(on_time, due) AS on_time_ratio,
    headcount_ratio(headcount_mean) AS headcount_ratio,
    correction_ratio(errors_mended, errors_found) AS correction_ratio
FROM by_scope s
LEFT JOIN ledger.names n USING (agency_code)
ORDER BY CASE scope WHEN 'country' THEN 0 WHEN 'authority' THEN 1 ELSE 2 END, agency_code
