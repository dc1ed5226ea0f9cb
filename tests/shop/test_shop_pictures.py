"""Requirements of uploaded pictures: what counts as one, how they are kept, served and removed."""

import io

import pytest

from shop import pictures_made as made
from wsgiapp.shop import image_header, pictures
from wsgiapp.shop.models import Product

FIELDS = {"name": "Router Bit", "category": "desk", "price": "19.90", "stock": "3"}
WEBP = [b"VP8X", b"VP8L", b"VP8 "]


@pytest.fixture
def seller(visitor, tmp_path):
    visitor.folder = tmp_path
    visitor.sign_in()
    return visitor


def sell(visitor, content, name="photo.png", path="/sell", **fields):
    return visitor.send(path, **FIELDS, **fields, picture_file=(io.BytesIO(content), name))


def kept(visitor):
    """What lies in the folder of the pictures."""
    return sorted(path.name for path in (visitor.folder / "pictures").glob("*"))


# -- what counts as a picture


@pytest.mark.parametrize(
    ("content", "expected"),
    [(made.png(), ("png", 6, 4)), (made.gif(7, 5), ("gif", 7, 5)), (made.jpeg(300, 200), ("jpg", 300, 200)),
     *((made.webp(kind, 400, 301), ("webp", 400, 301)) for kind in WEBP)],
    ids=range(6),
)  # fmt: skip
def test_kind_and_size_are_read_from_the_content(content, expected):
    assert image_header.read(io.BytesIO(content)) == expected


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', b"<!doctype html>",
     b"%PDF-1.7", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"RIFF\0\0\0\0WAVEfmt " + b"\0" * 30, b"BM" + b"\0" * 60,
     made.webp(b"VP8L").replace(b"\x2f", b"\x00"), made.webp(b"VP8 ").replace(b"\x9d", b"\x00"), made.png(0, 4),
     made.jpeg(before=600), made.jpeg()[:30], made.jpeg()[:48],
     b"\xff\xd8\xff\xda" + b"\0" * 40, b"\xff\xd8\xff\xe0\0\1" + b"\xff" * 90,
     *(made.png()[:length] for length in (8, 15, 23)), *(made.webp(kind)[:25] for kind in WEBP)],
    ids=lambda content: repr(content[:9]),
)  # fmt: skip
def test_what_is_no_whole_header_of_a_picture_is_refused(content):
    with pytest.raises(image_header.NoPictureError):
        image_header.read(io.BytesIO(content))


@pytest.mark.parametrize("whole", [made.png(), made.gif(), made.jpeg(), *map(made.webp, WEBP)], ids=range(6))
def test_no_damage_to_a_picture_is_more_than_a_refusal(whole):
    for place in range(min(len(whole), 40)):
        for byte in (0, 0xFF):
            damaged = whole[:place] + bytes([byte]) + whole[place + 1 :]
            try:
                found = image_header.read(io.BytesIO(damaged))
            except image_header.NoPictureError:
                continue
            assert found.width > 0 and found.height > 0


# -- with a product


def test_a_picture_sold_with_a_product_is_shown_and_served_as_nothing_but_a_picture(seller):
    page = seller.get(sell(seller, made.png(), "../../evil.svg").headers["Location"])
    (name,) = kept(seller)
    assert f'src="/pictures/{name}"' in page.text
    assert pictures.NAME.fullmatch(name) and name.endswith(".png")
    with seller.get(f"/pictures/{name}") as answer:
        assert answer.data == made.png()
        headers = answer.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"] == f"inline; filename={name}"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert {"public", "immutable", f"max-age={365 * 86_400}"} == set(headers["Cache-Control"].split(", "))
    assert "Set-Cookie" not in headers and "Cookie" not in headers.get("Vary", "")


@pytest.mark.parametrize("name", ["x.png", "..%2Fshop.db", "secret_key", "a" * 32 + ".svg", "a" * 32 + ".png", "%00"])
def test_the_address_of_pictures_leads_to_nothing_else(seller, name):
    sell(seller, made.png())
    assert seller.get(f"/pictures/{name}").status_code == 404


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (b"<svg/>", 422, "no PNG, JPEG, WebP or GIF"),
        (made.png(5000, 5000), 422, "5,000 by 5,000 pixels"),
        (made.png(6001, 1), 422, "6,001 by 1 pixels"),
        (made.png(extra=20_000), 413, "0.02 million bytes at most"),
    ],
    ids=["svg", "pixels", "side", "bytes"],
)
def test_a_picture_that_is_not_taken_leaves_the_form_as_it_was(make_shop, visit, tmp_path, content, status, says):
    visitor = visit(make_shop(PICTURE_BYTES=20_000))
    visitor.folder = tmp_path
    visitor.sign_in()
    answer = sell(visitor, content, summary="Cuts <b>clean</b>")
    assert answer.status_code == status
    assert says in answer.text
    for part in (
        'value="Router Bit"',
        'value="19.90"',
        'value="Cuts &lt;b&gt;clean&lt;/b&gt;"',
        'value="desk" selected',
    ):
        assert part in answer.text
    assert kept(visitor) == []
    assert visitor.get("/products/25").status_code == 404


def test_a_form_that_is_longer_than_any_picture_is_not_read(make_shop, visit):
    visitor = visit(make_shop(PICTURE_BYTES=20_000))
    visitor.sign_in()
    answer = sell(visitor, b"x" * 200_000)
    assert (answer.status_code, "no more than 0.14 million bytes" in answer.text) == (413, True)


def test_with_another_field_wrong_the_picture_is_asked_for_once_more(seller):
    answer = seller.send("/sell", **{**FIELDS, "price": "x"}, picture_file=(io.BytesIO(made.png()), "a.png"))
    assert (answer.status_code, kept(seller)) == (422, [])
    assert "choose the picture once more" in answer.text


def test_an_old_picture_goes_when_another_takes_its_place_and_stays_when_none_does(seller):
    sell(seller, made.png())
    (first,) = kept(seller)
    seller.send("/products/25/edit", **FIELDS, version="1", stock_note="x")
    assert kept(seller) == [first]
    assert sell(seller, made.gif(), path="/products/25/edit", version="1").status_code == 303
    (second,) = kept(seller)
    assert second != first and second.endswith(".gif")
    assert seller.send("/products/25/edit", **FIELDS, version="2", no_picture_file="on").status_code == 303
    assert kept(seller) == []
    assert 'src="/pictures/' not in seller.get("/products/25").text


def test_a_picture_that_comes_too_late_is_not_kept(seller):
    sell(seller, made.png())
    (first,) = kept(seller)
    assert sell(seller, made.gif(), path="/products/25/edit", version="7").status_code == 409
    assert kept(seller) == [first]


@pytest.mark.parametrize("by", ["form", "api"])
def test_a_deleted_product_takes_its_picture_along(seller, api_of, by):
    sell(seller, made.png())
    if by == "form":
        assert seller.send("/products/25/delete", version="1").status_code == 303
    else:
        assert api_of(seller.client.application).call("DELETE", "/25").status_code == 204
    assert kept(seller) == []


def test_a_change_that_is_undone_keeps_the_picture(seller):
    sell(seller, made.png())
    with seller.client.application.app_context(), seller.database() as db:
        db.delete(db.get(Product, 25))
        db.flush()
        db.rollback()
        db.commit()
    assert len(kept(seller)) == 1


def test_a_folder_that_takes_nothing_is_told_and_nothing_is_sold(seller):
    (seller.folder / "pictures").write_text("in the way")
    answer = sell(seller, made.png())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert seller.get("/products/25").status_code == 404


def test_uploads_are_counted(make_shop, visit):
    visitor = visit(make_shop(PICTURE_LIMIT=2))
    visitor.sign_in()
    assert [sell(visitor, made.png()).status_code for _ in range(3)] == [303, 303, 429]
