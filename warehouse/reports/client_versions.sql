-- 系統版本: what produced each agency's newest counted submission, and how far behind that was when it came.
-- `clients_used` is clients_used.sql; what is behind, warehouse/client_versions.py says. Who is furthest behind comes first.
SELECT
    u.*,
    n.agency_name,
    v.newest_version,
    v.versions_behind,
    v.behind_since,
    v.months_behind,
    v.automatic_updates,
    v.automatic_updates AND v.versions_behind > 0 AS behind_all_the_same
FROM clients_used u
JOIN ledger.version_standings v USING (agency_code)
LEFT JOIN ledger.names n USING (agency_code)
ORDER BY v.months_behind DESC NULLS LAST, v.versions_behind DESC NULLS LAST, u.agency_code
