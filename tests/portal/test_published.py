"""What the portal publishes to everybody: the submission format and the manual; and what OpenAPI says of documents."""

import asyncio
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pypdfium2
import pytest
from fontTools.ttLib import TTFont

from assets.error_report import SEVERITIES
from assets.font import FONT
from assets.words import SUBMISSION_STATES
from checks.format.versions import VERSIONS
from checks.published.documents import published
from checks.published.examples import example
from checks.published.language import Language
from checks.published.page import page
from portal.pages.manual import PICTURES, picture_of, text_of
from portal.prose import plain_text, render, tokens_of
from portal.words import VERDICTS
from tests.portal.test_every_role import PUBLIC
from warehouse.deadlines import TAIPEI
from warehouse.duties.calendar import shipped

HERE = Path(__file__).parents[2] / "portal"
FILES = [name for name in published() if name.startswith("format/")]
PDFS = {Language.ZH: "/manual/zh.pdf", Language.EN: "/manual/en.pdf"}


def get(client, path, **headers):
    return asyncio.run(client.get(path, headers=headers))


def pictures(text):
    return re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_format_is_what_docs_hold_and_is_kept_by_its_tag(portal, name):
    answer = get(portal, f"/{name}")
    assert (answer.status_code, answer.text) == (200, published()[name])
    assert answer.headers["cache-control"] == "no-cache"
    for tag in (answer.headers["etag"], f'"x", W/{answer.headers["etag"]}', "*"):
        again = get(portal, f"/{name}", **{"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
    assert get(portal, f"/{name}", **{"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize("path", ["/format/schema/2.0.json", "/format/page/1.1.json", "/format/schema/..%2f1.1.json"])
def test_what_is_not_published_is_not_found(portal, path):
    assert get(portal, path).status_code == 404


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("path", ["/format", "/manual"])
def test_a_page_is_in_the_language_that_its_address_says(portal, path, language):
    answer = get(portal, f"{path}?lang={language}")
    title = plain_text(tokens_of(page(language) if path == "/format" else text_of(language))[1])
    assert f"<h1>{title}</h1>" in answer.text
    assert answer.headers["cache-control"] == "no-store"  # it says who is signed in
    other = Language.EN if language is Language.ZH else Language.ZH
    assert f'href="{path}?lang={other}"' in answer.text


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "", Language.ZH),
        ("", "zh-TW,zh;q=0.9,en;q=0.8", Language.ZH),
        ("", "en-US,en;q=0.9,zh-TW;q=0.8", Language.ZH),
        ("", "en-GB", Language.EN),
        ("", "fr", Language.ZH),
        ("lang=en", "zh-TW", Language.EN),
        ("lang=zh", "en", Language.ZH),
        ("lang=fr", "en", Language.EN),
    ],
)
def test_the_language_of_a_reader(portal, query, accepted, language):
    title = {Language.ZH: "差勤資料報送操作手冊", Language.EN: "Manual for those"}[language]
    assert title in get(portal, f"/manual?{query}", **{"Accept-Language": accepted}).text


def test_every_place_that_a_page_links_to_is_there(portal):
    for path in ("/", "/check", "/api", "/format?lang=zh", "/format?lang=en", "/manual?lang=zh", "/manual?lang=en"):
        text = get(portal, path).text
        for link in set(re.findall(r'(?:href|src)="([^"]+)"', text)):
            place = link.removeprefix("http://127.0.0.1:8300").partition("#")
            if place[0].startswith("https://"):
                continue  # the government's own data
            if place[0]:
                address = place[0] if place[0].startswith("/") else f"/{place[0]}"
                assert get(portal, address).status_code in {200, 303}, (path, link)
            else:
                assert f'id="{unquote(place[2])}"' in text, (path, link)
    for path in ("/", "/check", "/api"):
        text = get(portal, path).text
        assert 'href="/format"' in text
        assert 'href="/manual"' in text


def test_a_page_passes_no_markup_on():
    prose = render(
        "# T\n\n<script>alert(1)</script> **a** `<b>`\n\n| x |\n|---|\n| <i> |\n\n```\n<u>\n```\n", lambda _: {}
    )
    assert not re.search(r"<(script|i|b|u)>", prose.html)


@pytest.mark.parametrize("language", Language)
def test_the_manual_and_its_pictures(portal, language):
    text = text_of(language)
    for source in pictures(text):
        assert picture_of(source).is_file(), source
        answer = get(portal, f"/static/manual/{picture_of(source).name}")
        assert answer.content == picture_of(source).read_bytes()
    assert pictures(text) == pictures(text_of(Language.ZH))
    html = get(portal, f"/manual?lang={language}").text
    assert html.count("<img ") == len(pictures(text))
    assert all(re.search(r'width="\d+" height="\d+"', image) for image in re.findall(r"<img [^>]*>", html))


def test_no_picture_is_kept_for_nothing_and_all_are_small():
    held = sorted(PICTURES.iterdir())
    assert held == sorted({picture_of(source) for source in pictures(text_of(Language.ZH))})
    assert sum(file.stat().st_size for file in held) < 1_000_000


@pytest.mark.parametrize("language", Language)
def test_the_manual_as_a_pdf(portal, language):
    answer = get(portal, PDFS[language])
    assert answer.headers["content-type"] == "application/pdf"
    assert get(portal, PDFS[language], **{"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert len(answer.content) < 1_500_000
    pdf = pypdfium2.PdfDocument(io.BytesIO(answer.content))
    said = re.sub(r"\s", "", "".join(one.get_textpage().get_text_bounded() for one in pdf))
    text = text_of(language)
    blocks = [re.sub(r"\s", "", plain_text(token)) for token in tokens_of(text) if token.type == "inline"]
    # A page's footer can stand within a block.
    assert len([block for block in blocks if block not in said]) < len(pdf)
    assert [one.get_title() for one in pdf.get_toc()][1:] == re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert sum(len(list(one.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))) for one in pdf) == len(pictures(text))


@pytest.mark.parametrize("language", Language)
def test_the_font_has_every_character_of_the_manual(language):
    held = TTFont(FONT).getBestCmap()
    assert {character for character in text_of(language) if character != "\n" and ord(character) not in held} == set()


def words_of_the_portal():
    """Everything that the portal's pages can show: its templates, and the words that they take from tables."""
    texts = [file.read_text(encoding="utf-8") for file in (HERE / "templates").glob("*.html")]
    return "\n".join([*texts, *VERDICTS.values(), *SEVERITIES.values(), *SUBMISSION_STATES.values()])


@pytest.mark.parametrize(("language", "quoted"), [(Language.ZH, r"「([^」]+)」"), (Language.EN, r'"([^"]+)"')])
def test_every_label_that_the_manual_quotes_is_in_the_portal(language, quoted):
    labels = set(re.findall(quoted, text_of(language)))
    assert len(labels) > 10
    assert {label for label in labels if label not in words_of_the_portal()} == set()


def test_the_manual_explains_every_sign_of_a_month():
    text = text_of(Language.ZH)
    parts = (HERE / "templates" / "parts.html").read_text(encoding="utf-8")
    for sign, state in re.findall(
        r"(\S) (\S+) \{\{ en\(", parts[parts.index("macro legend") :].partition("endmacro")[0]
    ):
        assert re.search(rf"^\| {sign} \| {state} \|", text, re.MULTILINE), state


def test_the_manual_says_the_deadlines_of_the_calendar_that_is_shipped():
    june = shipped()
    due, corrections = (at.astimezone(TAIPEI) for at in (june.due("2021-06"), june.corrections_close("2021-06")))
    assert f"{due - timedelta(seconds=1):%Y-%m-%d}" == "2021-07-20"
    assert f"{corrections:%Y-%m-%d %H:%M}" == "2021-08-31 17:00"
    for language, days in (
        (Language.ZH, ("110 年 7 月 20 日前", "110 年 8 月 31 日 17 時")),
        (Language.EN, ("by 20 July 2021", "by 31 August 2021")),
    ):
        assert all(day in text_of(language) for day in days)


def test_openapi_says_what_a_document_is(portal):
    interface = get(portal, "/api/v1/openapi.json").json()
    assert interface["externalDocs"]["url"] == "/format"
    for path in ("/api/v1/check", "/api/v1/submissions"):
        content = interface["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        names = [one["$ref"].rpartition("/")[2] for one in content["schema"]["oneOf"]]
        schemas = [interface["components"]["schemas"][name] for name in names]
        assert [schema["properties"]["format_version"]["const"] for schema in schemas] == list(reversed(VERSIONS))
        for shown in content["examples"].values():
            document = json.loads(get(portal, shown["externalValue"]).text)
            whole = {**content["schema"], "components": interface["components"]}
            jsonschema.validate(document, whole)
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({**document, "month": "110-06"}, whole)


def test_the_schemas_of_openapi_are_those_that_are_published(portal):
    schemas = get(portal, "/api/v1/openapi.json").json()["components"]["schemas"]
    for version in VERSIONS:
        held = json.loads(published()[f"format/schema/{version}.json"])
        assert schemas[f"Submission_{version.replace('.', '_')}"] == {
            name: value for name, value in held.items() if name not in {"$schema", "$id"}
        }


def test_what_is_published_needs_no_signing_in():
    assert {path for _, path in PUBLIC} >= {"/format", "/manual", *PDFS.values()}


def test_an_example_is_checked_by_the_portal(portal):
    for version in VERSIONS:
        answer = asyncio.run(portal.post("/api/v1/check", json=example(version))).json()
        # The register of this installation does not have the example's agency.
        assert {one["rule"] for one in answer["findings"]} <= {"F011"}
