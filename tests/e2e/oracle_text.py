"""What a row must look like in an index, by the rules of Drift's documentation and with nothing of
Drift's own code: texts, canonical keys, chunks, point ids."""

import base64
import dataclasses
import datetime
import decimal
import hashlib
import json
import re
import uuid

import pyarrow as pa

NAMESPACE = uuid.UUID("6f1d3c1e-2f0a-5b0e-9c57-d41f7a3b8e21")
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" \
         "\u2028\u2029\u202f\u205f\u3000"


def shortest(value, single):
    """The fewest digits that read back as the same number, laid out as ECMAScript does."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if single:
        import numpy
        text = numpy.format_float_scientific(numpy.float32(value), unique=True, trim="-")
    else:
        text = repr(value)
    sign, digits, exponent = decimal.Decimal(text).normalize().as_tuple()
    digits = "".join(map(str, digits))
    point = len(digits) + exponent
    if digits == "0":
        out = "0"
    elif 0 < point <= 21:
        out = digits + "0" * (point - len(digits)) if len(digits) <= point \
            else digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        out = "0." + "0" * -point + digits
    else:
        power = point - 1
        out = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"e{power:+d}"
    return "-" + out if sign and digits != "0" else out


def plain(value, kind):
    """A cell as it stands in a text and, but for quotes, in a key."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return shortest(value, pa.types.is_float32(kind))
    if isinstance(value, decimal.Decimal):
        text = format(value, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text in ("-0", "") else text
    if isinstance(value, datetime.datetime):
        text = value.strftime("%Y-%m-%dT%H:%M:%S.%f")
        return text + "Z" if value.tzinfo else text
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, str):
        return value
    return json.dumps(as_json(value, kind), ensure_ascii=False, separators=(",", ":"))


def as_json(value, kind):
    """A cell as a JSON value."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        text = plain(value, kind)
        return text if text.lstrip("-") in ("NaN", "Infinity") else json.loads(text)
    if isinstance(value, list):
        inner = kind.value_type
        if pa.types.is_map(kind):
            return {plain(k, kind.key_type): as_json(v, kind.item_type) for k, v in value}
        return [as_json(item, inner) for item in value]
    if isinstance(value, dict):
        return {name: as_json(item, kind.field(name).type) for name, item in value.items()}
    return plain(value, kind)


def canonical_key(cells, kinds):
    parts = []
    for value, kind in zip(cells, kinds):
        if value is None:
            parts.append("null")
        elif isinstance(value, (bool, int)):
            parts.append(plain(value, kind))
        elif isinstance(value, float):
            text = plain(value, kind)
            parts.append(json.dumps(text) if text.lstrip("-") in ("NaN", "Infinity") else text)
        else:
            parts.append(json.dumps(plain(value, kind), ensure_ascii=False))
    return "[" + ",".join(parts) + "]"


def point_id(pipeline, key, chunk):
    return uuid.uuid5(NAMESPACE, f"{pipeline}\x1f{key}\x1f{chunk}")


def render(spec, row, kinds):
    """The text of a row, or None when `where` leaves it out."""
    for column in spec.get("where", {}).get("not_null", []):
        if row[column] is None:
            return None
    cell = lambda name: "" if row[name] is None else plain(row[name], kinds[name])
    if "text" in spec:
        part = lambda found: found[0][0] if found[0] in ("{{", "}}") else cell(found[1])
        return re.sub(r"\{\{|\}\}|\{([^{}]+)\}", part, spec["text"])
    return "\n\n".join(cell(name) for name in spec["text_columns"] if row[name] is not None)


# -- chunks ------------------------------------------------------------------------------------------


def estimated_tokens(text):
    """Of models without a tokenizer: four ASCII characters, or two bytes of others, are a token."""
    data = text.encode()
    ascii_bytes = sum(byte < 0x80 for byte in data)
    return max(1, -(-ascii_bytes // 4) + -(-(len(data) - ascii_bytes) // 2))


def pieces_of(text, kind, size, count):
    """(begin, end, tokens) of what is not cut: sentences, and words of sentences too long."""

    def words(begin, end):
        out = []
        for found in re.finditer(r"[^ \t\n\v\f\r]+", text[begin:end]):
            halve(begin + found.start(), begin + found.end(), out)
        return out

    def halve(begin, end, out):
        tokens = count(text[begin:end])
        # Cut in the middle of the UTF-8 bytes, between characters.
        half, middle, seen = len(text[begin:end].encode()) // 2, begin, 0
        while middle < end and seen + len(text[middle].encode()) <= half:
            seen += len(text[middle].encode())
            middle += 1
        if tokens <= size or middle == begin:
            out.append((begin, end, tokens))
            return
        halve(begin, middle, out)
        halve(middle, end, out)

    if kind == "tokens":
        return words(0, len(text))
    ends = [m.end() for m in re.finditer(r"\n(?=\n)|[.!?](?=[ \t\n\v\f\r]|$)|[\u3002\uff01\uff1f\u2026]",
                                         text)]
    out, begin = [], 0
    for end in [*ends, len(text)]:
        stripped = text[begin:end].strip(" \t\n\v\f\r")
        if stripped:
            start = begin + text[begin:end].index(stripped)
            tokens = count(stripped)
            stop = start + len(stripped)
            out.extend([(start, stop, tokens)] if tokens <= size else words(start, stop))
        begin = end
    return out


def chunks_of(text, chunking, count=estimated_tokens):
    if text is None or not text.strip(SPACES):
        return []
    kind = (chunking or {}).get("type", "none")
    if kind == "none":
        return [text]
    size, overlap = chunking["size"], chunking.get("overlap", 0)
    pieces = pieces_of(text, kind, size, count)
    fits = lambda a, b: count(text[pieces[a][0]:pieces[b - 1][1]]) <= size
    out, first, covered = [], 0, 0
    while covered < len(pieces):
        end = covered + 1
        if not fits(first, end):
            first = covered
        total = sum(piece[2] for piece in pieces[first:end])
        while end < len(pieces) and total + pieces[end][2] <= size:
            total += pieces[end][2]
            end += 1
        while end > covered + 1 and not fits(first, end):
            end -= 1
        out.append(text[pieces[first][0]:pieces[end - 1][1]])
        covered, begin, first, carried = end, first, end, 0
        while first > begin + 1 and carried + pieces[first - 1][2] <= overlap:
            first -= 1
            carried += pieces[first][2]
    return out


# -- points ------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Expected:
    key: str
    chunk: int
    text: str
    payload: str  # JSON with sorted names, to compare

    @property
    def sha256(self):
        return hashlib.sha256(self.text.encode()).hexdigest()


def expected_points(data, spec, pipeline, dead=()):
    """{id: Expected} of the rows of an Arrow table. `dead`: keys that are dead letters."""
    kinds = {field.name: field.type for field in data.schema}
    key_kinds = [kinds[name] for name in spec["key"]]
    out, keys = {}, set()
    for row in data.to_pylist():
        cells = [row[name] for name in spec["key"]]
        if any(cell is None for cell in cells):
            continue  # no identity: a dead letter
        key = canonical_key(cells, key_kinds)
        if key in keys:
            raise ValueError(f"two rows have the key {key}")
        keys.add(key)
        if key in dead:
            continue
        payload = json.dumps({name: as_json(row[name], kinds[name]) for name in spec.get("payload", [])},
                             sort_keys=True)
        for i, text in enumerate(chunks_of(render(spec, row, kinds), spec.get("chunking"))):
            out[point_id(pipeline, key, i)] = Expected(key, i, text, payload)
    return out
