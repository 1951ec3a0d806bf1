-- 報送紀錄: every document received for a month; as `unknown` those for what is no month.
FROM ledger.submissions
WHERE list_contains($months, month)
    OR (list_contains($months, 'unknown') AND month NOT IN (SELECT month FROM ledger.months))
ORDER BY month, agency_code, received_at, id
