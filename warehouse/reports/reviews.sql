-- 跨檔檢核紀錄: the newest answer of the rules across submissions for what counts in a month.
SELECT r.*, r."at" AS reviewed_at
FROM ledger.reviews r
JOIN ledger.counted c ON c.id = r.submission_id AND c.agency_code = r.agency_code AND c.month = r.month
WHERE list_contains($months, r.month)
ORDER BY r.month, r.agency_code
