-- The staged ledger as it was at $as_of: what had arrived by then counts, judged as it was judged.
CREATE TEMP TABLE arrived AS
    SELECT submission_id AS id, agency_code, month, min(received_at) AS first_received_at, max(received_at) AS received_at
    FROM ledger.arrivals
    WHERE received_at <= $as_of
    GROUP BY ALL;

-- The judgement that followed the last arrival by then; where the same bytes were not judged again, the one before.
CREATE TEMP TABLE judged AS
    SELECT
        a.id,
        a.agency_code,
        a.month,
        arg_max(
            CASE t.to_state WHEN 'refused' THEN 'refused' ELSE 'entered' END,
            CASE WHEN t."at" >= a.received_at THEN (1, -epoch_us(t."at"), -t.id) ELSE (0, epoch_us(t."at"), t.id) END
        ) AS outcome
    FROM arrived a
    JOIN ledger.transitions t ON t.submission_id = a.id AND t.agency_code = a.agency_code AND t.month = a.month
    WHERE t.to_state IN ('refused', 'entered', 'entered_with_errors')
    GROUP BY ALL;

CREATE TEMP TABLE submissions_then AS
    SELECT s.* REPLACE (
        a.first_received_at AS first_received_at,
        a.received_at AS received_at,
        j.outcome AS outcome
    )
    FROM ledger.submissions s
    JOIN arrived a ON a.id = s.id AND a.agency_code = s.agency_code AND a.month = s.month
    LEFT JOIN judged j ON j.id = s.id AND j.agency_code = s.agency_code AND j.month = s.month;

DELETE FROM ledger.submissions;
INSERT INTO ledger.submissions BY NAME FROM submissions_then;

DELETE FROM ledger.agency_months;
INSERT INTO ledger.agency_months BY NAME
    SELECT
        agency_code,
        month,
        arg_max(id, (received_at, id)) AS submission_id,
        min(first_received_at) AS first_entered_received_at
    FROM ledger.submissions
    WHERE outcome = 'entered'
    GROUP BY ALL;

-- States follow: the newest entered one counts, those before it had been superseded by then.
UPDATE ledger.submissions AS s SET state = CASE
    WHEN outcome IS NULL THEN 'received'
    WHEN outcome = 'refused' THEN 'refused'
    WHEN NOT EXISTS (
        FROM ledger.agency_months p
        WHERE p.submission_id = s.id AND p.agency_code = s.agency_code AND p.month = s.month
    ) THEN 'superseded'
    WHEN errors > 0 THEN 'entered_with_errors'
    ELSE 'entered'
END;

DROP TABLE arrived;
DROP TABLE judged;
DROP TABLE submissions_then;
