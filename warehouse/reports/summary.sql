-- 彙整總表: persons, records, hours and days by agency, authority and country, for one month.
-- Only the part of a record within the month counts; a person is counted once in each row.
WITH records AS (
    SELECT agency_code, leave_type, person_key, CAST(hours_in_month AS DECIMAL(18, 6)) AS hours
    FROM core.leaves
    WHERE month = $month
    UNION ALL
    SELECT agency_code, 'overtime', person_key, CAST(minutes_in_month AS DECIMAL(18, 6))
    FROM core.overtime
    WHERE month = $month
),
-- Long keys are compared often: a number for each person is as good within one query.
persons AS (SELECT person_key, row_number() OVER () AS person FROM (SELECT DISTINCT person_key FROM records)),
-- One row a person first: what follows is smaller by the records each has.
by_person AS (
    SELECT agency_code, leave_type, person, count(*) AS records, sum(hours) AS hours
    FROM records
    JOIN persons USING (person_key)
    GROUP BY ALL
),
rolled AS (
    SELECT 'agency' AS scope, agency_code, leave_type, count(*) AS persons, sum(records) AS records, sum(hours) AS hours
    FROM by_person
    GROUP BY ALL
    UNION ALL
    SELECT 'authority', b.authority_code, leave_type, count(DISTINCT person), sum(records), sum(hours)
    FROM by_person
    JOIN ledger.below b ON b.agency_code = by_person.agency_code AND b.month = $month
    GROUP BY ALL
    UNION ALL
    SELECT 'country', NULL, leave_type, count(DISTINCT person), sum(records), sum(hours)
    FROM by_person
    GROUP BY ALL
)
SELECT
    scope,
    agency_code,
    CASE WHEN scope = 'country' THEN '全國' ELSE n.agency_name END AS agency_name,
    $month AS month,
    leave_type,
    persons,
    records,
    -- overtime was summed in minutes, which are exact
    round(CASE WHEN leave_type = 'overtime' THEN hours / 60 ELSE hours END, 4) AS hours,
    round(CASE WHEN leave_type = 'overtime' THEN hours / 480 ELSE hours / 8 END, 4) AS days
FROM rolled
LEFT JOIN ledger.names n USING (agency_code)
ORDER BY CASE scope WHEN 'agency' THEN 0 WHEN 'authority' THEN 1 ELSE 2 END, agency_code, leave_type
