"""What the rules F001–F009 are called and say: one `Rule` each, and the reasons that they give.

Messages are templates for `str.format`.  What they may name: `where` and `where_en` (the property, said for readers),
`expected`, `reason` and `reason_en` (from `REASONS`), `line` and `column`.
"""

from dataclasses import dataclass

from checks.catalogue import Rule, always
from checks.findings import Severity

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            id="F001",
            life=always(Severity.FATAL),
            why="猜測編碼會把姓名猜錯。Guessing an encoding gets names wrong without anybody noticing.",
            title="檔案不是 UTF-8 編碼的文字",
            title_en="not text in UTF-8",
            message="檔案不是 UTF-8 編碼的文字：{reason}。",
            message_en="The file is not text in UTF-8: {reason_en}.",
        ),
        Rule(
            id="F002",
            life=always(Severity.FATAL),
            why="無法解讀的檔案不能只收一部分。Of a file that cannot be read, nobody knows what is missing.",
            title="檔案不是一份完整的 JSON 文件",
            title_en="not one JSON document",
            message="第 {line} 行第 {column} 個字元：{reason}。檢查至此中止，其後的內容尚未檢查；請修正後重新報送。",
            message_en="Line {line}, column {column}: {reason_en}. "
            "Reading stopped here and what follows has not been checked; correct it and submit again.",
        ),
        Rule(
            id="F003",
            life=always(Severity.FATAL),
            why="各家軟體對重複屬性取用的值不同。Which of the two values counts differs from reader to reader.",
            title="屬性重複",
            title_en="property given twice",
            message="{where}在同一個物件中重複出現；請只保留一個。",
            message_en="{where_en} is given more than once in the same object; keep only one.",
        ),
        Rule(
            id="F004",
            life=always(Severity.FATAL),
            why="格式版本決定其餘各項規定。The version says which rules the rest is to be read by.",
            title="不支援的格式版本",
            title_en="format version not supported",
            message="不支援檔案所載的格式版本；format_version 應為 {expected}，請以該版本的格式重新產製。",
            message_en="The format version is not supported; format_version must be {expected}. "
            "Produce the file again in that version.",
        ),
        Rule(
            id="F005",
            life=always(Severity.FATAL),
            why="缺漏不等於空值或零筆。What is left out says neither null nor 'nothing to report'.",
            title="缺少必要屬性",
            title_en="required property missing",
            message="缺少必要的 {where}；請補上（應為：{expected}）。",
            message_en="{where_en} is required and missing; add it (expected: {expected}).",
        ),
        Rule(
            id="F006",
            life=always(Severity.FATAL),
            why="多半是拼錯的屬性，也可能是不應報送的個資。A misspelt name, or data that must not be sent.",
            title="不認得的屬性",
            title_en="unknown property",
            message="{where}不是本格式的屬性；請移除，或更正屬性名稱。",
            message_en="{where_en} is not a property of this format; remove it or correct its name.",
        ),
        Rule(
            id="F007",
            life=always(Severity.FATAL),
            why="型別不符時任何轉換都是猜測。Any conversion would be a guess.",
            title="資料型別不符",
            title_en="wrong JSON type",
            message="{where}的資料型別不符：應為 {expected}，檔案中是{reason}；請更正。",
            message_en="{where_en} has the wrong JSON type: expected {expected}, found {reason_en}; correct it.",
        ),
        Rule(
            id="F008",
            life=always(Severity.FATAL),
            why="超出規定的值無法彙整。What does not mean anything cannot be counted.",
            title="值不符規定",
            title_en="value not allowed",
            message="{where}的值不符規定：{reason}（應為：{expected}）；請更正。",
            message_en="{where_en} has a value that is not allowed: {reason_en} (expected: {expected}); correct it.",
        ),
        Rule(
            id="F009",
            life=always(Severity.FATAL),
            why="一份異常的檔案不得拖垮全國的收件。One monstrous file must not hold up everybody's.",
            title="超過上限",
            title_en="over a limit",
            message="{reason}（上限：{expected}）。",
            message_en="{reason_en} (limit: {expected}).",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in both languages; `{token}` is the one punctuation mark that was found, `{line}`, `{column}` where."""

    zh: str
    en: str


REASONS: dict[str, Reason] = {
    # F001
    "big5": Reason(
        "內容看來是 Big5（CP950）編碼，請改以 UTF-8 編碼存檔後重新報送",
        "it looks like Big5 (CP950); save it as UTF-8 and submit it again",
    ),
    "utf16": Reason(
        "內容看來是 UTF-16 編碼（「Unicode」），請改以 UTF-8 編碼存檔後重新報送",
        'it looks like UTF-16 ("Unicode"); save it as UTF-8 and submit it again',
    ),
    "bytes": Reason(
        "第 {line} 行第 {column} 個字元處的位元組無法解讀，請以 UTF-8 編碼重新產製",
        "the bytes at line {line}, column {column} cannot be read; produce it again in UTF-8",
    ),
    "office": Reason(
        "這是試算表或文書檔（Excel、Word、ODF），請由差勤系統匯出 JSON 檔後報送",
        "it is a spreadsheet or another office document; export JSON from the attendance system and submit that",
    ),
    "pdf": Reason(
        "這是 PDF 檔，請由差勤系統匯出 JSON 檔後報送",
        "it is a PDF; export JSON from the attendance system and submit that",
    ),
    "picture": Reason(
        "這是圖片，請由差勤系統匯出 JSON 檔後報送",
        "it is a picture; export JSON from the attendance system and submit that",
    ),
    "archive": Reason(
        "這是壓縮檔，請解壓縮後報送其中的 JSON 檔", "it is an archive; submit the JSON files that it holds"
    ),
    "web_page": Reason(
        "這是網頁或 XML 檔（可能是登入逾時的頁面），請重新匯出 JSON 檔",
        "it is a web page or XML (of a session that ran out, perhaps); export the JSON again",
    ),
    # F002
    "empty": Reason("檔案是空的", "the file is empty"),
    "truncated": Reason("檔案在此中斷，內容不完整", "the file ends here, unfinished"),
    "trailing": Reason(
        "文件結束之後還有其他內容，一個檔案只能有一份 JSON 文件",
        "something follows the end of the document; a file holds one JSON document",
    ),
    "trailing_comma": Reason("最後一項之後多了逗號", "a comma after the last item"),
    "missing_comma": Reason("兩項之間缺少逗號", "a comma is missing between two items"),
    "missing_colon": Reason("屬性名稱之後缺少冒號", "a colon is missing after the property name"),
    "missing_value": Reason("此處缺少值", "a value is missing here"),
    "missing_key": Reason("此處應有以雙引號括住的屬性名稱", "a property name in double quotes is expected here"),
    "bracket": Reason("括號「{token}」不成對", "the bracket {token} does not match the one opened"),
    "single_quote": Reason(
        "字串與屬性名稱須使用雙引號，不可用單引號", "strings and names need double quotes, not single"
    ),
    "comment": Reason("JSON 不可有註解", "JSON has no comments"),
    "not_finite": Reason("NaN 與 Infinity 不是 JSON 的數值", "NaN and Infinity are not JSON numbers"),
    "number": Reason(
        "數值寫法不符 JSON（不可有前導零、正號、千分位，小數點前後皆須有數字）",
        "not a JSON number (no leading zeros, plus sign or thousands separators; digits on both sides of the point)",
    ),
    "word": Reason(
        "不認得的字詞；文字須以雙引號括住，常值只有小寫的 true、false、null",
        "an unknown word; text needs double quotes, and the only words are true, false and null in lower case",
    ),
    "control": Reason("字串中有未跳脫的控制字元", "an unescaped control character in a string"),
    "line_break": Reason(
        "字串中有未跳脫的換行，或漏了結尾的雙引號",
        "an unescaped line break in a string, or the closing quotation mark is missing",
    ),
    "escape": Reason("字串中的跳脫序列（反斜線）不正確", "a wrong escape (backslash) in a string"),
    "unterminated": Reason("字串缺少結尾的雙引號", "a string lacks its closing quotation mark"),
    "unexpected": Reason("此處不應出現「{token}」", "{token} is not expected here"),
    "wide_mark": Reason(
        "此處有全形標點或其他非 ASCII 字元，JSON 的符號須為半形",
        "a full-width or other non-ASCII character; JSON's own marks are half-width",
    ),
    "character": Reason("此處有不應出現的字元", "a character that is not expected here"),
    # F007: what was found
    "found_string": Reason("字串", "a string"),
    "found_number": Reason("數值", "a number"),
    "found_boolean": Reason("布林值", "a boolean"),
    "found_null": Reason("空值 null", "null"),
    "found_object": Reason("物件", "an object"),
    "found_array": Reason("陣列", "an array"),
    "fraction": Reason("帶有小數的數值", "a number with a fraction"),
    # F008
    "choice": Reason("不在允許的選項內", "not among the choices"),
    "form": Reason("格式不符", "not of the required form"),
    "unreal": Reason("不是實際存在的日期或時間", "no real date or time"),
    "midnight": Reason("一日的終了請寫隔日 00:00，不寫 24:00", "the end of a day is 00:00 of the next, not 24:00"),
    "roc_year": Reason("年份請寫西元年（民國 110 年為 2021）", "years are Gregorian (ROC year 110 is 2021)"),
    "blanks": Reason("前後有空白，請去除", "there are blanks around it; remove them"),
    "wide": Reason("含有全形字元，請改為半形", "there are full-width characters; write them half-width"),
    "case": Reason("英文字母的大小寫不符", "its letters are in the wrong case"),
    "length": Reason("字數不符", "too short or too long"),
    "range": Reason("超出範圍", "out of range"),
    "decimals": Reason("小數位數過多", "too many decimals"),
    "double": Reason("數值過大，無法表示", "too large to be represented"),
    "surrogate": Reason("含有不成對的代理字元（\\ud800–\\udfff）", "half of a surrogate pair (\\ud800–\\udfff)"),
    # F009
    "bytes_limit": Reason(
        "檔案太大，內容未檢查；請洽平臺管理者",
        "The document is too large and was not checked; ask the platform's operators",
    ),
    "depth_limit": Reason(
        "物件與陣列的巢狀層數過深，檢查至此中止，其後的內容尚未檢查；請修正後重新報送",
        "Objects and arrays are nested too deeply; reading stopped here and what follows has not been checked",
    ),
    "records_limit": Reason(
        "{where}超過單一陣列的筆數上限，檢查至此中止，其後的內容尚未檢查；請洽平臺管理者",
        "{where_en} is beyond the records that one array may hold; reading stopped here and what follows has not been "
        "checked; ask the platform's operators",
    ),
}
