-- 入檔情形: what a month has come to. A row for each agency that owes it, and for each that anything was received of.
WITH received AS (
    SELECT agency_code, month, count(*) FILTER (outcome IS NULL) AS pending
    FROM ledger.submissions
    JOIN ledger.months USING (month)
    WHERE agency_code <> '' AND list_contains($months, month)
    GROUP BY ALL
),
explained AS (
    SELECT f.agency_code, f.month, count(*) AS explained
    FROM core.findings f
    JOIN ledger.explanations USING (finding_key)
    WHERE f.severity = 'warning' AND list_contains($months, f.month)
    GROUP BY ALL
),
listed AS (
    SELECT agency_code, month FROM reports.due_months WHERE due AND list_contains($months, month)
    UNION
    SELECT agency_code, month FROM received
)
SELECT
    l.agency_code,
    d.agency_name,
    d.authority_code,
    l.month,
    coalesce(d.due, false) AS due,
    coalesce(d.deadline, m.deadline) AS deadline,
    CASE
        WHEN c.errors > 0 THEN 'entered_with_errors'
        WHEN c.id IS NOT NULL THEN 'entered'
        WHEN r.id IS NOT NULL THEN 'refused'
        ELSE 'missing'
    END AS state,
    coalesce(c.id, r.id) AS submission_id,
    coalesce(c.channel, r.channel) AS channel,
    coalesce(c.received_at, r.received_at) AS received_at,
    -- judged by the first that was entered, so that a correction does not make a month late
    c.first_entered_received_at <= coalesce(d.deadline, m.deadline) AS on_time,
    CASE WHEN c.id IS NOT NULL THEN days_late(c.first_entered_received_at, coalesce(d.deadline, m.deadline)) END AS days_late,
    coalesce(c.fatal, r.fatal) AS fatal,
    coalesce(c.errors, r.errors) AS errors,
    coalesce(c.warnings, r.warnings) AS warnings,
    coalesce(a.explained, 0) AS warnings_explained,
    r.received_at AS last_refused_at,
    coalesce(g.pending, 0) AS pending
FROM listed l
JOIN ledger.months m USING (month)
LEFT JOIN reports.due_months d ON d.agency_code = l.agency_code AND d.month = l.month
LEFT JOIN received g ON g.agency_code = l.agency_code AND g.month = l.month
LEFT JOIN explained a ON a.agency_code = l.agency_code AND a.month = l.month
LEFT JOIN ledger.counted c ON c.agency_code = l.agency_code AND c.month = l.month
LEFT JOIN ledger.refused_since r ON r.agency_code = l.agency_code AND r.month = l.month
ORDER BY l.month, l.agency_code
