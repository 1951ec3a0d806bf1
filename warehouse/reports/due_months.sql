-- 應報送明細: each agency due or not in a month, why, and what became of it. Every ratio opens into these rows.
WITH register AS (
    -- the agency as it was last in force within the month; where it was not, as it is known at all
    SELECT
        d.agency_code,
        d.month,
        arg_max(
            {'name': a.name, 'authority_code': a.authority_code},
            (
                coalesce(a.active_from, DATE '0001-01-01') <= m.last_day
                AND coalesce(a.active_to, DATE '9999-12-31') >= m.first_day,
                coalesce(a.active_from, DATE '0001-01-01')
            )
        ) AS agency
    FROM ledger.due d
    JOIN ledger.months m USING (month)
    JOIN ledger.agencies a USING (agency_code)
    WHERE list_contains($months, d.month)
    GROUP BY ALL
)
SELECT
    d.agency_code,
    r.agency.name AS agency_name,
    r.agency.authority_code AS authority_code,
    d.month,
    d.due,
    d.reason,
    d.deadline,
    d.due AND d.passed AS counted,
    CASE
        WHEN NOT d.due THEN 'not_due'
        WHEN c.first_entered_received_at <= d.deadline THEN 'on_time'
        WHEN c.first_entered_received_at > d.deadline THEN 'late'
        WHEN d.passed THEN 'missing'
        ELSE 'not_due_yet'
    END AS outcome,
    c.first_entered_received_at AS first_entered_at,
    nullif(d.expected_headcount, 0) AS expected_headcount,
    coalesce(n.entered, 0) AS headcount,
    coalesce(e.errors_found, 0) AS errors_found,
    coalesce(e.errors_mended, 0) AS errors_mended
FROM ledger.due d
LEFT JOIN register r ON r.agency_code = d.agency_code AND r.month = d.month
LEFT JOIN ledger.counted c ON c.agency_code = d.agency_code AND c.month = d.month
LEFT JOIN ledger.dataset_counts n
    ON n.submission_id = c.id AND n.agency_code = c.agency_code AND n.month = c.month AND n.dataset = 'employees'
LEFT JOIN ledger.corrections e ON e.agency_code = d.agency_code AND e.month = d.month
WHERE list_contains($months, d.month)
ORDER BY d.month, d.agency_code
