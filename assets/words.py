"""What the states of an agency-month and of a submission are called: in Chinese, with English beside it."""

#: Of an agency-month, in the order of the totals; the last three are what somebody has to do something about.
STATES = {
    "entered": "入檔 entered",
    "entered_with_errors": "入檔有誤 entered with errors",
    "refused": "退件 refused",
    "missing": "未報送 missing",
}
#: Of a submission, which may also wait, or count no longer.
SUBMISSION_STATES = STATES | {
    "received": "已收件，待檢核 received, not yet judged",
    "superseded": "已被取代 superseded",
    "withdrawn": "已撤回 withdrawn",
}
