-- 機關隸屬: who is below whom, in runs of months without a change.
WITH numbered AS (
    SELECT
        agency_code,
        ancestor_code,
        month,
        -- equal within a run: the month's number among all months, less its number among those of the pair
        m.number - row_number() OVER (PARTITION BY agency_code, ancestor_code ORDER BY month) AS run
    FROM ledger.ancestors
    JOIN ledger.months m USING (month)
)
SELECT agency_code, ancestor_code, min(month) AS first_month, max(month) AS last_month
FROM numbered
GROUP BY agency_code, ancestor_code, run
ORDER BY ancestor_code, agency_code, first_month
