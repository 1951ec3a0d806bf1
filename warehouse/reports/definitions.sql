-- What the reports mean by their words, each said once.
-- Run after the ledger is staged (warehouse/publish/staging.py says what `ledger.*` holds).

-- Percentages are exact until they are shown: whole numbers, rounded half up to two decimals; 0 in the divisor gives null.
CREATE TEMP MACRO percentage(part, whole) AS
    CASE WHEN whole > 0 THEN CAST(((20000 * part + whole) // (2 * whole)) * 0.01 AS DECIMAL(5, 2)) END;

CREATE TEMP MACRO agency_ratio(submitted, due) AS percentage(submitted, due);
CREATE TEMP MACRO on_time_ratio(on_time, due) AS percentage(on_time, due);
CREATE TEMP MACRO correction_ratio(mended, found) AS percentage(mended, found);

-- Headcount ratio: the share of a month, at most 1; its mean over an agency's due months; the mean of those over agencies.
-- Shares are whole numbers of 10^-18. Three divisions round down, so that up to 3 of them are missing from an exact half.
CREATE TEMP MACRO headcount_share(entered, expected) AS
    CAST(least(entered, expected)::HUGEINT * 1000000000000000000 // expected AS BIGINT);
CREATE TEMP MACRO headcount_mean(shares) AS CAST(sum(shares) // count(shares) AS BIGINT);
CREATE TEMP MACRO headcount_ratio(mean_share) AS
    CAST(((mean_share + 3 + 50000000000000) // 100000000000000) * 0.01 AS DECIMAL(5, 2));

-- Days in Taipei after the last day: 0 on time, 1 at any hour of the day after it (as warehouse.deadlines.days_late).
CREATE TEMP MACRO days_late(received_at, deadline) AS
    CASE WHEN received_at <= deadline THEN 0
         ELSE CAST(date_diff('day', CAST(deadline AS DATE), CAST(received_at AS DATE)) + 1 AS INTEGER) END;

-- An error: what refuses a document or a record. The same one again: same agency, month, rule, dataset and record.
CREATE TEMP MACRO is_error(severity) AS severity IN ('fatal', 'error');

-- The submission that an agency-month counts.
CREATE VIEW ledger.counted AS
    SELECT s.*, p.first_entered_received_at
    FROM ledger.agency_months p
    JOIN ledger.submissions s ON s.id = p.submission_id AND s.agency_code = p.agency_code AND s.month = p.month;

-- The newest refused submission, where nothing was entered or it came after what counts: it still wants an answer.
CREATE VIEW ledger.refused_since AS
    SELECT s.*
    FROM ledger.submissions s
    LEFT JOIN ledger.counted c ON c.agency_code = s.agency_code AND c.month = s.month
    WHERE s.outcome = 'refused' AND (c.id IS NULL OR s.sequence > c.sequence)
    QUALIFY row_number() OVER (PARTITION BY s.agency_code, s.month ORDER BY s.sequence DESC, s.received_at DESC, s.id DESC) = 1;

-- Each agency in force with each of its ancestors in a month, itself included.
CREATE VIEW ledger.ancestors AS
    SELECT month, agency_code, ancestor_code FROM ledger.month_trees JOIN ledger.trees USING (tree);

-- The agencies that are an authority in a month: those with an agency below them. Their rows cover all below and themselves.
CREATE VIEW ledger.below AS
    SELECT month, ancestor_code AS authority_code, agency_code
    FROM ledger.month_trees
    JOIN (
        FROM ledger.trees
        WHERE (tree, ancestor_code) IN (SELECT (tree, ancestor_code) FROM ledger.trees WHERE ancestor_code <> agency_code)
    ) USING (tree);

-- An agency's newest name, for rows that are not of one month.
CREATE VIEW ledger.names AS
    SELECT agency_code, arg_max(name, coalesce(active_from, DATE '0001-01-01')) AS agency_name
    FROM ledger.agencies
    GROUP BY agency_code;
