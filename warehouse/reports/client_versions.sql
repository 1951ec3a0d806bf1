-- 系統版本: the system and version that produced each agency's newest counted submission.
SELECT c.agency_code, n.agency_name, c.month, c.id AS submission_id, c.system, c.version, c.received_at
FROM ledger.counted c
LEFT JOIN ledger.names n USING (agency_code)
QUALIFY row_number() OVER (PARTITION BY c.agency_code ORDER BY c.received_at DESC, c.month DESC) = 1
ORDER BY c.agency_code
