-- 報送紀錄: every document received for one month; as `unknown` those for what is no month.
FROM ledger.submissions
WHERE month = $month OR ($month = 'unknown' AND month NOT IN (SELECT month FROM ledger.months))
ORDER BY agency_code, received_at, id
