-- 機關每月筆數統計表: records of a month's counted submissions, by dataset. Every row adds up: submitted = entered + refused.
-- Rosters are optional: of an agency that sends none nothing is said, rather than 0.
SELECT
    c.agency_code,
    d.agency_name,
    d.authority_code,
    c.month,
    n.dataset,
    n.read AS submitted,
    n.entered,
    n.refused,
    n.warned,
    coalesce(sum(n.entered) FILTER (n.dataset = 'employees') OVER (PARTITION BY c.agency_code, c.month), 0) AS headcount
FROM ledger.counted c
JOIN ledger.dataset_counts n ON n.submission_id = c.id AND n.agency_code = c.agency_code AND n.month = c.month
LEFT JOIN reports.due_months d ON d.agency_code = c.agency_code AND d.month = c.month
WHERE list_contains($months, c.month) AND (n.dataset <> 'shifts' OR n.read > 0)
ORDER BY c.month, c.agency_code, n.dataset
