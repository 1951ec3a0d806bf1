-- 使用中的系統: the system and version that produced each agency's newest counted submission.
WITH newest AS (
    SELECT agency_code, month, submission_id
    FROM reports.submission_status
    WHERE state IN ('entered', 'entered_with_errors')
    QUALIFY row_number() OVER (PARTITION BY agency_code ORDER BY received_at DESC, month DESC) = 1
)
SELECT w.agency_code, w.month, w.submission_id, s.system, s.version, s.received_at
FROM newest w
JOIN core.submissions s ON s.id = w.submission_id AND s.agency_code = w.agency_code AND s.month = w.month
