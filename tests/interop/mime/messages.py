#!/usr/bin/env python3
"""Makes messages of the shapes that mail has in the world, for judge.py.

    messages.py FOLDER [SEED [OF_EACH]]

Each shape is a function of a random generator; its messages are FOLDER/SHAPE-NN.eml. Shapes of
listed forms have a message for each form. The same seed makes the same octets, on every Python."""
import base64
import pathlib
import quopri
import random
import sys

WORDS = ("quarterly report invoice lunch tomorrow Grüße naïve Ελλάδα Привет 日本語 résumé re fwd "
         "meeting notes attached please find below regards kind and the of order shipping 😀").split()
PEOPLE = [("Anna Lee", "anna@example.org"), ("Bo Åberg", "bo@example.net"), ("李雷", "li@example.cn"),
          ("Müller, Jürgen", "juergen@example.de"), ("", "noreply@example.com"),
          ("O'Brien (Sales)", "ob+tag@example.com"), ('The "Boss"', "boss@sub.example.org")]
SHAPES = {}  # name: (function, has listed forms)
FORMS = 27   # at most, of a shape


def shape(function, forms=False):
    SHAPES[function.__name__.replace("_", "-")] = function, forms
    return function


def shape_of_forms(function):
    return shape(function, True)


class Dice(random.Random):
    def __init__(self, seed, turn):
        super().__init__(seed)
        self.turn = turn

    def form(self, items):
        return items[self.turn % len(items)]

    def words(self, most=8, ascii_only=False):
        pool = [w for w in WORDS if w.isascii()] if ascii_only else WORDS
        return " ".join(self.pick(pool) for _ in range(self.number(1, most)))

    def number(self, low, high):
        return low + int(self.random() * (high - low + 1))

    def pick(self, items):
        return items[self.number(0, len(items) - 1)]

    def octets(self, most):
        return bytes(self.number(0, 255) for _ in range(self.number(0, most)))

    def text(self, lines=12, ascii_only=True):
        return "".join(self.words(10, ascii_only) + "\n" for _ in range(self.number(0, lines)))


def encoded_word(text, kind="B", charset="utf-8"):
    octets = text.encode(charset, "replace")
    if kind == "B":
        return f"=?{charset}?B?{base64.b64encode(octets).decode()}?="
    return f"=?{charset}?Q?" + "".join(
        chr(c) if chr(c).isalnum() and c < 128 else "_" if c == 32 else f"={c:02X}" for c in octets) + "?="


def encoded(text, kind="B"):
    return text if text.isascii() else encoded_word(text, kind)


def person(dice):
    name, address = dice.pick(PEOPLE)
    if not name:
        return dice.pick([address, f"<{address}>"])
    if not name.isascii():
        return f"{encoded_word(name, dice.pick('BQ'))} <{address}>"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def people(dice, most=4):
    return dice.pick([", ", ",\n ", ",\n\t"]).join(person(dice) for _ in range(dice.number(1, most)))


def head(dice, *more):
    day, zone = dice.number(1, 28), dice.pick(["+0000", "-0500", "+0530", "+1245", "GMT", "EST", "-0000"])
    lines = [f"Date: {dice.pick(['', 'Tue, '])}{day} {dice.pick(['Jan', 'Jun', 'Nov'])} {dice.number(1999, 2037)} "
             f"{dice.number(0, 23):02}:{dice.number(0, 59):02}:{dice.number(0, 59):02} {zone}{dice.pick(['', ' (a zone)'])}",
             f"From: {person(dice)}", f"To: {people(dice)}", f"Subject: {encoded(dice.words(), dice.pick('BQ'))}",
             f"Message-ID: <{dice.number(1, 10**9)}.{dice.number(1, 99)}@example.org>", "MIME-Version: 1.0"]
    return "\n".join(lines + [line for line in more if line]) + "\n"


def crlf(text):
    return (text if isinstance(text, bytes) else text.encode()).replace(b"\n", b"\r\n")


def b64(octets, width=76):
    text = base64.b64encode(octets).decode()
    return "".join(text[i:i + width] + "\n" for i in range(0, len(text), width))


def text_part(dice):
    text = dice.text(6, False)
    way = dice.pick(["8bit", "quoted-printable", "base64"])
    kind = dice.pick(["plain", "html", "calendar"])
    body = text if way == "8bit" else b64(text.encode()) if way == "base64" else quopri.encodestring(
        text.encode()).decode()
    return f"Content-Type: text/{kind}; charset={dice.pick(['utf-8', chr(34) + 'UTF-8' + chr(34)])}\n" \
           f"Content-Transfer-Encoding: {way}\n\n{body}"


def file_part(dice, name=None):
    name = name or dice.pick(["report.pdf", "a b.doc", "photo (1).jpg", "naïve.txt", "日本.png", "x;y.zip"])
    if name.isascii():
        spelt = f'; filename="{name}"'
    elif dice.number(0, 1):
        spelt = "; filename*=UTF-8''" + "".join(f"%{c:02X}" for c in name.encode())
    else:
        spelt = f'; filename="{encoded_word(name)}"'
    return f"Content-Type: application/octet-stream\nContent-Disposition: attachment{spelt}\n" \
           f"Content-Transfer-Encoding: base64\n\n{b64(dice.octets(300))}"


def multipart(dice, kind, parts, *parameters, boundary=None, preamble="", epilogue="", close=True):
    boundary = boundary or f"={dice.pick('_.-')}{dice.number(0, 10**9)}"
    more = "".join(f";\n {p}" for p in parameters)
    text = f'Content-Type: multipart/{kind};\n boundary="{boundary}"{more}\n\n{preamble}'
    for part in parts:
        text += f"--{boundary}\n{part}\n"
    return text + (f"--{boundary}--\n{epilogue}" if close else "")


def whole(dice, body, *more):
    return crlf(head(dice, *more) + body)


@shape
def plain_ascii(dice):
    return whole(dice, "\n" + dice.text())


@shape_of_forms
def plain_charsets(dice):
    charset = dice.form(["utf-8", "iso-8859-1", "iso-8859-15", "windows-1251", "koi8-r", "shift_jis", "euc-jp",
                         "gb18030", "big5", "iso-2022-jp", "x-unknown", "us-ascii"])
    real = "utf-8" if charset.startswith("x-") else charset
    text = dice.text(6, False).encode(real, "replace")
    way = dice.pick(["8bit", "quoted-printable", "base64"])
    body = text if way == "8bit" else quopri.encodestring(text) if way != "base64" else b64(text).encode()
    return crlf(head(dice, f"Content-Type: text/plain; charset={charset}", f"Content-Transfer-Encoding: {way}")) + \
        b"\r\n" + crlf(body)


@shape
def nested_multiparts(dice):
    def node(depth):
        if depth == 0 or dice.number(0, 3) == 0:
            return dice.pick([text_part, file_part])(dice)
        return multipart(dice, dice.pick(["mixed", "related", "alternative", "parallel", "x-own"]),
                         [node(depth - 1) for _ in range(dice.number(1, 3))],
                         preamble=dice.pick(["", "This is a message in MIME.\n"]), epilogue=dice.pick(["", "bye\n"]))
    return whole(dice, multipart(dice, "mixed", [node(4) for _ in range(3)]))


@shape
def deep_multiparts(dice):
    body = text_part(dice)
    for level in range(dice.number(10, 60)):
        body = multipart(dice, "mixed", [body], boundary=f"b{level}")
    return whole(dice, body)


@shape
def message_in_message(dice):
    body = "\n" + dice.text(4)
    for _ in range(dice.number(1, 4)):
        body = "Content-Type: message/rfc822\n" + dice.pick(["", "Content-Disposition: attachment\n"]) + "\n" + head(
            dice) + body
    return whole(dice, body)


@shape
def forwarded(dice):
    inner = head(dice) + multipart(dice, "alternative", [text_part(dice), text_part(dice)])
    return whole(dice, multipart(dice, "mixed", [text_part(dice), f"Content-Type: message/rfc822\n\n{inner}"]))


@shape
def digest(dice):
    return whole(dice, multipart(dice, "digest", ["\n" + head(dice) + "\n" + dice.text(3) for _ in range(3)],
                                 preamble="A digest.\n"))


@shape
def delivery_status(dice):
    report = f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n" \
             f"Arrival-Date: Tue, 24 Nov 2026 07:33:22 +0100\n\nFinal-Recipient: rfc822; bo@example.net\nAction: failed\n" \
             f"Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 {dice.words(4, True)}\n"
    returned = dice.pick(["Content-Type: message/rfc822\n\n" + head(dice) + "\n" + dice.text(3),
                          "Content-Type: text/rfc822-headers\n\n" + head(dice)])
    return whole(dice, multipart(dice, "report", ["\n" + dice.text(4), report, returned],
                                 "report-type=delivery-status"), "Auto-Submitted: auto-replied")


@shape
def disposition_notification(dice):
    receipt = "Content-Type: message/disposition-notification\n\nReporting-UA: mail.example; Mail\n" \
              "Final-Recipient: rfc822;anna@example.org\nDisposition: manual-action/MDN-sent-manually; displayed\n"
    return whole(dice, multipart(dice, "report", [text_part(dice), receipt], "report-type=disposition-notification"))


@shape
def list_mail(dice):
    return whole(dice, "\n" + dice.text() + "_______\nlist mailing list\nlist@lists.example.org\n",
                 "List-Id: <list.lists.example.org>", "List-Unsubscribe: <mailto:list-leave@lists.example.org>,\n"
                 " <https://lists.example.org/leave?a=1&b=2>", "Precedence: list", "Sender: list-bounces@lists.example.org",
                 "Reply-To: The list <list@lists.example.org>", "Cc: " + people(dice),
                 "In-Reply-To: <a@example.org>", "References: <a@example.org>\n <b@example.org>")


@shape
def outlook(dice):
    related = multipart(dice, "related", [
        multipart(dice, "alternative", [text_part(dice), text_part(dice)], boundary="----=_NextPart_001_0001_01D9.A"),
        f'Content-Type: image/png;\n\tname="image001.png"\nContent-Transfer-Encoding: base64\n'
        f"Content-ID: <image001.png@01D9ABCD.12345678>\n\n{b64(dice.octets(200))}"],
        'type="multipart/alternative"', boundary="----=_NextPart_000_0000_01D9.A")
    return whole(dice, multipart(dice, "mixed", [related, f'Content-Type: application/ms-tnef;\n\tname="winmail.dat"\n'
                                 f'Content-Transfer-Encoding: base64\nContent-Disposition: attachment;\n\tfilename="winmail.dat"\n\n'
                                 f"{b64(dice.octets(300))}"], boundary="----=_NextPart_ABC", preamble="This is a multi-part message in MIME format.\n\n"),
                 "X-Mailer: Microsoft Outlook 16.0", "Thread-Index: AdqQ==", "Content-Language: en-us")


@shape
def apple_mail(dice):
    parts = ["Content-Transfer-Encoding: quoted-printable\nContent-Type: text/html;\n\tcharset=utf-8\n\n<p>" +
             quopri.encodestring(dice.words().encode()).decode() + "</p>",
             "Content-Disposition: inline;\n\tfilename*=utf-8''" + "".join(f"%{c:02X}" for c in "Größe é.pdf".encode()) +
             "\nContent-Type: application/pdf;\n\tx-unix-mode=0644;\n\tname=\"=?utf-8?B?R3LDtsOfZSDDqS5wZGY=?=\"\n"
             "Content-Transfer-Encoding: base64\n\n" + b64(dice.octets(200))]
    inner = multipart(dice, "mixed", parts, boundary="Apple-Mail=_1A2B-C3")
    return whole(dice, multipart(dice, "alternative", ["Content-Type: text/plain; charset=us-ascii\n\nhi\n", inner],
                                 boundary="Apple-Mail=_FFEE-01"), "X-Mailer: Apple Mail (2.3654.60)")


@shape
def gmail(dice):
    boundary = f"000000000000{dice.number(10**9, 10**10)}"
    return crlf(f"Received: by 2002:a05:6402:1 with SMTP id x; Tue, 24 Nov 2026 00:00:00 -0800 (PST)\n" + head(dice) +
                multipart(dice, "alternative", [f'Content-Type: text/plain; charset="UTF-8"\n\n{dice.text(4)}',
                          f'Content-Type: text/html; charset="UTF-8"\nContent-Transfer-Encoding: quoted-printable\n\n<div dir=3D"ltr">{dice.words(5, True)}</div>\n'],
                          boundary=boundary))


@shape
def smime_signed(dice):
    return whole(dice, multipart(dice, "signed", [text_part(dice),
                 'Content-Type: application/pkcs7-signature; name="smime.p7s"\nContent-Transfer-Encoding: base64\n'
                 f'Content-Disposition: attachment; filename="smime.p7s"\n\n{b64(dice.octets(200))}'],
                 'protocol="application/pkcs7-signature"', "micalg=sha-256", preamble="This is an S/MIME signed message\n\n"))


@shape
def pgp(dice):
    return whole(dice, multipart(dice, "encrypted", ["Content-Type: application/pgp-encrypted\n\nVersion: 1\n",
                 "Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n\n" + b64(dice.octets(200)) +
                 "-----END PGP MESSAGE-----\n"], "protocol=application/pgp-encrypted"))


@shape
def smime_opaque(dice):
    return whole(dice, f"\n{b64(dice.octets(400))}",
                 "Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\n name=smime.p7m",
                 "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=smime.p7m")


@shape
def format_flowed(dice):
    lines = "".join(dice.words(9, True) + dice.pick([" \n", "\n"]) for _ in range(8))
    return whole(dice, f"\n{lines}-- \nAnna\n> > quoted \n", "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes",
                 "Content-Transfer-Encoding: 8bit")


@shape
def uuencode(dice):
    import binascii
    lines = "".join(binascii.b2a_uu(dice.octets(44)).decode() for _ in range(3))
    body = f"begin 644 file.bin\n{lines}`\nend\n"
    return whole(dice, f"\n{dice.text(3)}\n{body}", dice.pick(["", "Content-Transfer-Encoding: x-uuencode"]))


@shape
def bare_lf(dice):
    return (head(dice) + multipart(dice, "mixed", [text_part(dice), file_part(dice)])).encode()


@shape
def mixed_line_ends(dice):
    text = head(dice) + multipart(dice, "mixed", [text_part(dice), text_part(dice)])
    return b"".join(line.encode() + dice.pick([b"\r\n", b"\n"]) for line in text.split("\n")[:-1])


@shape
def no_closing_boundary(dice):
    return whole(dice, multipart(dice, "mixed", [text_part(dice), file_part(dice)], close=False))


@shape
def inner_unclosed(dice):
    inner = multipart(dice, "alternative", [text_part(dice), text_part(dice)], close=False)
    return whole(dice, multipart(dice, "mixed", [inner, file_part(dice)]))


@shape
def truncated(dice):
    octets = whole(dice, multipart(dice, "mixed", [text_part(dice), file_part(dice), text_part(dice)]))
    return octets[:dice.number(0, len(octets))]


@shape
def preamble_and_epilogue(dice):
    return whole(dice, multipart(dice, "mixed", [text_part(dice)], preamble=dice.text(3) + "--no\n\n", epilogue=dice.text(3) + "\n"))


@shape_of_forms
def boundary_forms(dice):
    boundary = dice.form(["a b", "(paren)", "it's", "a/b?c=d", "x" * 70, "-", "--", "a:b", "=_x"])
    blanks = dice.pick(["", " ", "\t "])
    return whole(dice, f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n--{boundary}{blanks}\nContent-Type: text/html\n\n{dice.text(4)}\n'
                 f"--{boundary}x\n--{boundary}{blanks}\n\nend\n--{boundary}--{blanks}\n")


@shape
def unquoted_boundary(dice):
    boundary = f"b{dice.number(0, 999)}{dice.pick(['=_x', '', ':y', '/z'])}"
    behind = dice.pick([";", "", " ; charset=utf-8", "  "])
    return whole(dice, f"Content-Type: multipart/mixed; boundary={boundary}{behind}\n\n--{boundary}\n\nhi\n--{boundary}--\n")


@shape
def duplicate_fields(dice):
    names = ["Subject: one", "Subject: two", "From: a@example.org", "From: b@example.org", "To: c@example.org",
             "To: d@example.org", "Date: Tue, 24 Nov 2026 07:33:22 +0000", "Date: Wed, 25 Nov 2026 07:33:22 +0000",
             "Content-Type: text/plain", "Content-Type: text/html", "Content-Transfer-Encoding: base64",
             "Content-Transfer-Encoding: 7bit"]
    kept = [n for n in names if dice.number(0, 2)]
    return crlf("\n".join(kept) + "\n\naGVsbG8=\n")


@shape_of_forms
def groups(dice):
    lists = ["Undisclosed recipients:;", "Friends: anna@example.org, Bo <bo@example.net>;", "A: a@example.org;, b@example.org",
             'Team "X" (comment): <x@example.org>;, y@example.org', "One:; , Two: z@example.org;"]
    return crlf(f"From: {person(dice)}\nTo: {dice.form(lists)}\nCc: {dice.pick(lists)}\nSubject: groups\n\nx\n")


@shape
def comments(dice):
    return crlf(f"From: (a (nested) one) Anna (of sales) <anna@(where)example.org> (end)\nTo: bo@example.net ({dice.words(3, True)})\n"
                f"Date: (day) Tue, 24 Nov 2026 (eve) 07:33:22 +0000 (UTC)\nSubject: (not a comment)\n"
                f"Content-Type: text/plain (plain) ; charset=utf-8 (the usual)\n\nx\n")


@shape_of_forms
def odd_addresses(dice):
    forms = ['"a b"@example.org', "a.b.@example.org", "<anna@example.org", "anna@example.org>", "Anna Lee anna@example.org",
             "anna", '"Lee, Anna" <anna@example.org>', "Anna.B. Lee <anna@example.org>", "<>", "@a,@b:c@example.org",
             "<@a.example,@b.example:c@example.org>", "anna@[192.0.2.1]", "anna@[IPv6:2001:db8::1]", "a@b@c", ",,a@example.org,,",
             "'anna@example.org' <anna@example.org>", "Anna <anna@example.org>, , Bo <bo@example.net>", "jürgen@example.de",
             "=?utf-8?q?J=C3=BCrgen?= <j@example.de>", '"=?utf-8?q?J=C3=BCrgen?=" <j@example.de>', "anna at example dot org",
             "Anna <anna @ example . org>", "mailto:anna@example.org", 'Anna "Nick" Lee <anna@example.org>', "a@example.org; b@example.org"]
    return crlf(f"From: {dice.form(forms)}\nTo: {dice.form(forms)}, z@example.org\nSubject: x\n\nx\n")


@shape_of_forms
def encoded_word_forms(dice):
    forms = ["=?utf-8?B?w6k=?=", "=?UTF-8?q?=C3=A9?=", "=?iso-8859-1?Q?caf=E9?=", "=?utf-8?Q?a?= =?utf-8?Q?b?=", "=?utf-8?Q?a?= b",
             "=?utf-8?B?w?= =?utf-8?B?6Q==?=", "=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?=", "=?utf-8*en?Q?hi?=", "=?x-none?Q?hi?=",
             "=?utf-8?Q?with space?=", "a=?utf-8?Q?b?=c", "=?utf-8?Q??=", "=?utf-8?B?!!!!?=", "=?utf-8?X?abc?=", "=?utf-8?Q?open",
             "=?koi8-r?B?8NLJ18XU?=", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "=?gb2312?B?xOO6ww==?=", "=?utf-8?Q?a_b?=\n =?utf-8?Q?_c?=",
             "=?windows-1252?Q?=80_=93x=94?=", "=?utf-8?b?8J+YgA==?=", "=?us-ascii?Q?plain?=", "=?utf-8?Q?=41=?=", "=?UTF-8?Q?=c3=a4?="]
    return crlf(f"From: a@example.org\nSubject: {dice.form(forms)} {dice.pick(forms)}{dice.pick(['', ' x'])}\n\nx\n")


@shape_of_forms
def rfc2231_forms(dice):
    forms = ["filename*=utf-8''na%C3%AFve.txt", "filename*0=long; filename*1=-name; filename*2=.txt",
             "filename*0*=utf-8'en'na%C3%AF; filename*1=ve.txt", "filename*0*=iso-8859-1''caf; filename*1*=%E9.txt",
             "filename*1=b; filename*0=a", "filename*0=a; filename*2=c", "filename=plain.txt; filename*=utf-8''ext%C3%A9.txt",
             "filename*=''bare.txt", "filename*=x-none''%E9", "filename*=utf-8''%C3", 'filename*="utf-8\'\'quoted%20x"',
             "filename*=broken%zz", 'filename*0="a b "; filename*1="c"', "filename*00=a; filename*01=b", "filename*0*=utf-8''%F0%9F; filename*1*=%98%80",
             "filename=\"=?utf-8?Q?=C3=A9.txt?=\"", "filename=a b c.txt", "filename==x.txt", "filename=", "filename=a;filename=b"]
    return crlf(f"From: a@example.org\nSubject: x\nContent-Type: application/octet-stream\n"
                f"Content-Disposition: attachment; {dice.form(forms)}\n\nx\n")


@shape_of_forms
def odd_content_type(dice):
    forms = ["text", "text/", "/plain", "text/plain;", "text/plain; ; charset=utf-8", "text/plain charset=utf-8", "TEXT/HTML; CHARSET=UTF-8",
             "text/plain; charset", "text/plain; charset=", 'text/plain; charset="utf-8', "text/plain; name=a b.txt; charset=utf-8",
             "text / plain", "text/plain; charset=utf-8; charset=koi8-r", "text/plain; x=\"a\\\"b\"", "text/plain; x=\"a;b\"; charset=utf-8",
             "application/octet-stream; name=\"a\n b\"", "text/plain; charset = utf-8", "x-new/type; a=1", "text/plain/extra", "\"text/plain\"",
             "text/html, text/plain", "text/plain; charset='utf-8'", "message/external-body; access-type=URL; url=\"http://example.org/\"",
             "message/partial; id=x; number=1; total=2", "message/rfc822; a=b", "multipart/mixed", "multipart/mixed; boundary="]
    return crlf(f"From: a@example.org\nSubject: x\nContent-Type: {dice.form(forms)}\n\nTo: b@example.org\n\nx\n")


@shape
def eight_bit_header(dice):
    name = dice.pick(["Jürgen", "李雷", "café"])
    charset = dice.pick(["utf-8", "iso-8859-1"])
    return crlf(f"From: {name} <a@example.org>\nSubject: {dice.words(3)} {name}\n\nx\n".encode(charset, "replace"))


@shape
def base64_forms(dice):
    octets = dice.octets(120)
    text = base64.b64encode(octets).decode()
    form = dice.number(0, 6)
    body = [b64(octets, dice.pick([4, 60, 77, 1000])), text[:-1] + "\n", text.rstrip("=") + "\n", text[:10] + "!*-\n" + text[10:] + "\n",
            text + "\n\nA footer was added.\n", text[:8] + "====" + text[8:] + "\n", text[:8] + " \t" + text[8:]][form]
    return whole(dice, "\n" + body, "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64")


@shape
def quoted_printable_forms(dice):
    forms = ["a=3Db=\n c\n", "soft=  \nbreak\n", "bad=ZZ=4\n", "end=", "lower=c3=a9\n", "blanks at the end  \t\n x\n", "=\n=\n=\n", "tab=09\n",
             "x" * 200 + "\n", "=E2=82=AC=0D=0A\n", "=3D=3D=", "a=\r\nb", "caf\u00e9 raw\n"]
    return crlf(head(dice, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable")) + \
        b"\r\n" + (dice.pick(forms) + dice.pick(forms)).replace("\r\n", "\n").replace("\n", "\r\n").encode()


@shape_of_forms
def odd_encodings(dice):
    way = dice.form(["BASE64", " base64 ", "base64 (comment)", "8 bit", "x-own", "", "7-bit", "Quoted-Printable", "binary", '"base64"', "base64;"])
    return whole(dice, "\naGVsbG8=\n", "Content-Type: text/plain", f"Content-Transfer-Encoding: {way}")


@shape_of_forms
def dates(dice):
    forms = ["Tue, 24 Nov 2026 07:33:22 +0100", "24 Nov 26 07:33 EST", "Tue, 24 Nov 2026 07:33:22", "Tue,24 Nov 2026 7:3:2 Z",
             "24 November 2026 07:33:22 +0000", "Tue Nov 24 07:33:22 2026", "Tue, 32 Nov 2026 07:33:22 +0000", "2026-11-24T07:33:22Z",
             "Tue, 24 Nov 2026 25:61:61 +0000", "yesterday", "Tue, 24 Nov 99 07:33:22 GMT", "Mon, 1 Jan 1900 00:00:00 +0000",
             "Tue, 24 Nov 2026 07:33:60 +0000", "Tue, 24 Nov 2026 07:33:22 +9999", "Tue, 24 Nov 2026 07:33:22 A", "Tue, 24 Nov 126 07:33:22 +0000",
             "Tuesday, 24-Nov-26 07:33:22 GMT", "24 Nov 2026 07:33:22 +0100 (CET)", "Tue, 24  Nov  2026  07:33:22  -0330", "Tue, 24 Nov 2026 07.33.22 +0000"]
    return crlf(f"Date: {dice.form(forms)}\nFrom: a@example.org\nSubject: x\n\nx\n")


@shape_of_forms
def no_header(dice):
    return dice.form([b"", b"\r\n", b"\r\nbody\r\n", b"just text\r\n", b"\n\n\n", b"Subject: only", b"Subject: only\r\n", b" continued\r\nSubject: x\r\n\r\ny",
                      b"From someone Tue Nov 24 07:33:22 2026\r\nSubject: mbox\r\n\r\nx\r\n", b"Subject : blank\r\n\r\nx\r\n", b":\r\n\r\nx\r\n"])


@shape
def long_lines(dice):
    return crlf(head(dice) + "X-Long: " + "x" * dice.number(900, 3000) + "\nCc: " + ", ".join(
        person(dice) for _ in range(60)) + "\n\n" + "y" * dice.number(900, 5000) + "\n")


@shape_of_forms
def empty_parts(dice):
    b = "b"
    forms = [f"--{b}\n\n--{b}--\n", f"--{b}--\n", f"--{b}\n--{b}--\n", f"--{b}\n\n\n--{b}\n\n--{b}--\n", "", f"--{b}\nContent-Type: text/html\n--{b}--\n",
             f"--{b}\n\nx\n--{b}--\n--{b}\n\nafter the end\n--{b}--\n"]
    return whole(dice, f"Content-Type: multipart/mixed; boundary={b}\n\n" + dice.form(forms))


def write(folder, seed, of_each):
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, (make, forms) in SHAPES.items():
        for number in range(FORMS if forms else of_each):
            (folder / f"{name}-{number:02}.eml").write_bytes(make(Dice(f"{seed} {name} {number}", number)))
            count += 1
    return count


if __name__ == "__main__":
    arguments = sys.argv[1:] + ["1", "10"][len(sys.argv) - 2:]
    print(write(pathlib.Path(arguments[0]), int(arguments[1]), int(arguments[2])), "messages")
