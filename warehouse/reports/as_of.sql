-- The staged ledger as it was at $as_of: what had arrived by then counts, judged as it was judged.

-- When a month has ended (as warehouse.deadlines.month_end); null where no month is said.
CREATE TEMP MACRO month_end(month) AS TRY_CAST(month || '-01' AS DATE) + INTERVAL 1 MONTH;

-- A judgement that has been written over since counts as it was: the first that was written over after the moment.
CREATE TEMP TABLE judged_then AS
    SELECT submission_id, agency_code, month, min("until") AS "until"
    FROM ledger.past_judgements
    WHERE "until" > $as_of
    GROUP BY ALL;

UPDATE ledger.submissions AS s
SET rule_set = p.rule_set, fatal = p.fatal, errors = p.errors, warnings = p.warnings
FROM ledger.past_judgements p JOIN judged_then t USING (submission_id, agency_code, month, "until")
WHERE p.submission_id = s.id AND p.agency_code = s.agency_code AND p.month = s.month;

DELETE FROM ledger.dataset_counts AS c WHERE EXISTS (
    FROM judged_then t
    WHERE t.submission_id = c.submission_id AND t.agency_code = c.agency_code AND t.month = c.month
);
INSERT INTO ledger.dataset_counts BY NAME
    SELECT p.* EXCLUDE (id, "until")
    FROM ledger.past_counts p JOIN judged_then t USING (submission_id, agency_code, month, "until");

CREATE TEMP TABLE arrived AS
    SELECT
        submission_id AS id,
        agency_code,
        month,
        coalesce(
            min(received_at) FILTER (received_at >= month_end(month)), min(received_at)
        ) AS first_received_at,
        arg_max(received_at, (sequence, received_at)) AS received_at,
        max(sequence) AS sequence
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
        a.sequence AS sequence,
        j.outcome AS outcome
    )
    FROM ledger.submissions s
    JOIN arrived a ON a.id = s.id AND a.agency_code = s.agency_code AND a.month = s.month
    LEFT JOIN judged j ON j.id = s.id AND j.agency_code = s.agency_code AND j.month = s.month;

DELETE FROM ledger.submissions;
INSERT INTO ledger.submissions BY NAME FROM submissions_then;

-- Withdrawn by then, and neither handed in again nor reverted to since.
UPDATE ledger.submissions AS s SET outcome = 'withdrawn'
WHERE s.outcome = 'entered' AND EXISTS (
    FROM ledger.decisions w
    WHERE w.kind = 'withdrawn' AND w.from_submission = s.id AND w.agency_code = s.agency_code AND w.month = s.month
      AND w."at" <= $as_of AND w.sequence >= s.sequence
      AND NOT EXISTS (
          FROM ledger.decisions r
          WHERE r.to_submission = s.id AND r.agency_code = s.agency_code AND r.month = s.month
            AND r.id > w.id AND r."at" <= $as_of
      )
);

-- The last decision by then holds over everything received before it.
CREATE TEMP TABLE decided AS
    SELECT agency_code, month, arg_max(coalesce(to_submission, ''), id) AS id, arg_max(sequence, id) AS sequence
    FROM ledger.decisions
    WHERE "at" <= $as_of
    GROUP BY ALL;

DELETE FROM ledger.agency_months;
INSERT INTO ledger.agency_months BY NAME
    SELECT
        s.agency_code,
        s.month,
        coalesce(
            arg_max(s.id, (s.sequence, s.received_at, s.id)) FILTER (d.sequence IS NULL OR s.sequence > d.sequence),
            nullif(any_value(d.id), '')
        ) AS submission_id,
        -- none that came before the month had ended (as warehouse.deadlines.first_after_month_end)
        min(first_received_at) FILTER (first_received_at >= month_end(s.month)) AS first_entered_received_at
    FROM ledger.submissions s
    LEFT JOIN decided d ON d.agency_code = s.agency_code AND d.month = s.month
    WHERE outcome = 'entered'
    GROUP BY ALL;

-- States follow: the newest entered one counts, those before it had been superseded by then.
UPDATE ledger.submissions AS s SET state = CASE
    WHEN outcome IS NULL THEN 'received'
    WHEN outcome IN ('refused', 'withdrawn') THEN outcome
    WHEN NOT EXISTS (
        FROM ledger.agency_months p
        WHERE p.submission_id = s.id AND p.agency_code = s.agency_code AND p.month = s.month
    ) THEN 'superseded'
    WHEN errors > 0 THEN 'entered_with_errors'
    ELSE 'entered'
END;

DROP TABLE arrived;
DROP TABLE decided;
DROP TABLE judged;
DROP TABLE judged_then;
DROP TABLE submissions_then;
DROP MACRO month_end;
