"""Checks evidence files offline. Needs Python's standard library and nothing of ours: copy this one file.

    python verifier.py FILE [--keys KEYS.json] [--since OLDER.json]

A file holds a signed head of the log, events, and for each the proof that it stands in the log. With `--keys`, the
public keys that were handed over when the partner was connected, nothing else is trusted; with `--since`, a file kept
from before, the log is shown to have only grown since then. What is printed is Chinese; the exit code is 0 only when
everything holds.

The tree is that of RFC 9162 (2.1) over SM3 (GB/T 32905); heads are signed by Ed25519 (RFC 8032) and SM2 (GB/T 32918.2).
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from typing import Any

FORMAT = "hpf-evidence-1"


class Broken(Exception):
    """Something does not hold; the message is a Chinese sentence."""


# ---- SM3


def _rotated(word: int, by: int) -> int:
    by %= 32
    return (word << by | word >> (32 - by)) & 0xFFFFFFFF


def sm3_plain(data: bytes) -> bytes:
    """SM3 without any library, as GB/T 32905 describes it."""
    state = [
        0x7380166F,
        0x4914B2B9,
        0x172442D7,
        0xDA8A0600,
        0xA96F30BC,
        0x163138AA,
        0xE38DEE4D,
        0xB0FB0E4E,
    ]
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    for start in range(0, len(padded), 64):
        w = [int.from_bytes(padded[start + 4 * i : start + 4 * i + 4], "big") for i in range(16)]
        for i in range(16, 68):
            x = w[i - 16] ^ w[i - 9] ^ _rotated(w[i - 3], 15)
            w.append(x ^ _rotated(x, 15) ^ _rotated(x, 23) ^ _rotated(w[i - 13], 7) ^ w[i - 6])
        a, b, c, d, e, f, g, h = state
        for i in range(64):
            t = 0x79CC4519 if i < 16 else 0x7A879D8A
            ss1 = _rotated((_rotated(a, 12) + e + _rotated(t, i)) & 0xFFFFFFFF, 7)
            ss2 = ss1 ^ _rotated(a, 12)
            ff = a ^ b ^ c if i < 16 else (a & b) | (a & c) | (b & c)
            gg = e ^ f ^ g if i < 16 else (e & f) | (~e & g)
            tt1 = (ff + d + ss2 + (w[i] ^ w[i + 4])) & 0xFFFFFFFF
            tt2 = (gg + h + ss1 + w[i]) & 0xFFFFFFFF
            a, b, c, d = tt1, a, _rotated(b, 9), c
            e, f, g, h = tt2 ^ _rotated(tt2, 9) ^ _rotated(tt2, 17), e, _rotated(f, 19), g
        state = [old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]
    return b"".join(word.to_bytes(4, "big") for word in state)


def sm3(data: bytes) -> bytes:
    try:
        return hashlib.new("sm3", data).digest()
    except ValueError:
        return sm3_plain(data)


# ---- the tree


def leaf_hash(content: bytes) -> bytes:
    return sm3(b"\x00" + content)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sm3(b"\x01" + left + right)


def root_of_inclusion(*, leaf: bytes, position: int, size: int, proof: list[bytes]) -> bytes:
    """RFC 9162, 2.1.3.2: the root that this proof leads to."""
    if not 0 <= position < size:
        raise Broken("事件的位置不在日志之内。")
    fn, sn, found = position, size - 1, leaf
    for step in proof:
        if sn == 0:
            raise Broken("存在证明过长。")
        if fn & 1 or fn == sn:
            found = node_hash(step, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, step)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise Broken("存在证明过短。")
    return found


def require_consistency(*, older: int, older_root: bytes, size: int, root: bytes, proof: list[bytes]) -> None:
    """RFC 9162, 2.1.4.2. Raises Broken unless the newer log begins with the older one."""
    changed = Broken("日志并非只增不改：旧的日志头与新的不一致。")
    if older == size:
        if proof or older_root != root:
            raise changed
        return
    if not 0 < older < size or not proof:
        raise changed
    steps = [older_root, *proof] if older & (older - 1) == 0 else list(proof)
    fn, sn = older - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = steps[0]
    for step in steps[1:]:
        if sn == 0:
            raise changed
        if fn & 1 or fn == sn:
            fr, sr = node_hash(step, fr), node_hash(step, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, step)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or fr != older_root or sr != root:
        raise changed


# ---- Ed25519

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]


def _recovered(y: int, sign: int) -> int | None:
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    return _P - x if x & 1 != sign else x


def _decoded(data: bytes) -> _Point | None:
    number = int.from_bytes(data, "little")
    y = number & (1 << 255) - 1
    x = _recovered(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % _P)


def _added(p: _Point, q: _Point) -> _Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: _Point) -> _Point:
    total: _Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _added(total, point)
        point, scalar = _added(point, point), scalar >> 1
    return total


_BASE_Y = 4 * pow(5, -1, _P) % _P
_BASE_X = _recovered(_BASE_Y, 0) or 0
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032, 5.1.7."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment = _decoded(public), _decoded(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or s >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left = _times(s, _BASE)
    right = _added(commitment, _times(int.from_bytes(digest, "little") % _L, key))
    same_x = (left[0] * right[2] - right[0] * left[2]) % _P == 0
    return same_x and (left[1] * right[2] - right[1] * left[2]) % _P == 0


# ---- SM2

_SP = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_SA = _SP - 3
_SB = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_SN = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_SG = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
_IDENTIFIER = b"1234567812345678"
_Affine = tuple[int, int] | None


def _sm2_added(p: _Affine, q: _Affine) -> _Affine:
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % _SP == 0:
            return None
        slope = (3 * p[0] * p[0] + _SA) * pow(2 * p[1], -1, _SP) % _SP
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, _SP) % _SP
    x = (slope * slope - p[0] - q[0]) % _SP
    return x, (slope * (p[0] - x) - p[1]) % _SP


def _sm2_times(scalar: int, point: _Affine) -> _Affine:
    total: _Affine = None
    while scalar:
        if scalar & 1:
            total = _sm2_added(total, point)
        point, scalar = _sm2_added(point, point), scalar >> 1
    return total


def sm2_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """GB/T 32918.2, 7; `public` is x and y, `signature` r and s, each 32 bytes."""
    if len(public) != 64 or len(signature) != 64:
        return False
    x, y = int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % _SN
    if not (0 < r < _SN and 0 < s < _SN and t) or (y * y - x * x * x - _SA * x - _SB) % _SP:
        return False
    parts = [_SA, _SB, *_SG, x, y]
    head = (len(_IDENTIFIER) * 8).to_bytes(2, "big") + _IDENTIFIER
    z = sm3(head + b"".join(number.to_bytes(32, "big") for number in parts))
    e = int.from_bytes(sm3(z + message), "big")
    point = _sm2_added(_sm2_times(s, _SG), _sm2_times(t, (x, y)))
    return point is not None and (e + point[0]) % _SN == r


# ---- files


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def head_message(head: dict[str, Any]) -> bytes:
    """What is signed."""
    told = {name: head[name] for name in ("root", "sealedAt", "treeSize")}
    return canonical({"format": FORMAT, **told})


def public_bytes(pem: str) -> bytes:
    """The raw key at the end of a SubjectPublicKeyInfo: 32 bytes of Ed25519, or x and y behind an 04."""
    body = "".join(line for line in pem.splitlines() if "-----" not in line)
    der = base64.b64decode(body, validate=True)
    return der[-32:] if len(der) == 44 else der[-64:]


def require_signed(head: dict[str, Any], keys: dict[str, dict[str, str]]) -> int:
    """How many signatures hold. Raises Broken when one does not, or none is by a key that is trusted."""
    count = 0
    for signature in head["signatures"]:
        key = keys.get(signature["kid"])
        if key is None:
            continue
        check = {"EdDSA": ed25519_holds, "SM2": sm2_holds}[key["algorithm"]]
        if not check(public_bytes(key["publicKey"]), head_message(head), bytes.fromhex(signature["signature"])):
            raise Broken(f"日志头的签名无效（密钥{signature['kid']}）。")
        count += 1
    if not count:
        raise Broken("日志头没有由可信密钥作出的签名。")
    return count


def require_holds(
    file: dict[str, Any], *, keys: dict[str, dict[str, str]] | None = None, since: dict[str, Any] | None = None
) -> list[str]:
    """What was found to hold, one Chinese sentence each. Raises Broken at the first thing that does not."""
    try:
        return _checked(file, keys=keys, since=since)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Broken(f"文件格式不正确：{type(error).__name__}。") from error


def _checked(
    file: dict[str, Any], *, keys: dict[str, dict[str, str]] | None, since: dict[str, Any] | None
) -> list[str]:
    if file["format"] != FORMAT:
        raise Broken("文件格式不是证据文件。")
    head = file["head"]
    trusted = keys if keys is not None else {key["kid"]: key for key in file["keys"]}
    count = require_signed(head, trusted)
    root, size = bytes.fromhex(head["root"]), int(head["treeSize"])
    said = [f"日志头签名有效（{count}个），共{size}条事件，封存于{head['sealedAt']}。"]
    for entry in file["events"]:
        found = root_of_inclusion(
            leaf=leaf_hash(canonical(entry["event"])),
            position=int(entry["position"]),
            size=size,
            proof=[bytes.fromhex(step) for step in entry["proof"]],
        )
        if found != root:
            raise Broken(f"第{entry['position']}条事件与日志头不符：内容被改动，或证明不属于它。")
    said.append(f"{len(file['events'])}条事件均在日志中，内容未被改动。")
    if since is not None:
        require_signed(since["head"], trusted)
        proof = file.get("consistency") or {}
        older = int(since["head"]["treeSize"])
        if older != size and int(proof.get("from", -1)) != older:
            raise Broken("文件中没有与旧文件衔接的证明，请以旧文件的条数重新导出。")
        require_consistency(
            older=older,
            older_root=bytes.fromhex(since["head"]["root"]),
            size=size,
            root=root,
            proof=[bytes.fromhex(step) for step in proof.get("proof", [])] if older != size else [],
        )
        said.append(f"自{older}条以来只增未改。")
    if keys is None:
        said.append("注意：签名由文件自带的公钥核对，请用对接时取得的公钥文件（--keys）确认来源。")
    return said


def _read(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(arguments: list[str]) -> int:
    options: dict[str, str] = {}
    paths: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word in ("--keys", "--since") and waiting:
            options[word] = waiting.pop(0)
        else:
            paths.append(word)
    if len(paths) != 1 or paths[0].startswith("-"):
        print("usage: verifier.py FILE [--keys KEYS.json] [--since OLDER.json]", file=sys.stderr)
        return 2
    try:
        keys = None
        if "--keys" in options:
            keys = {key["kid"]: key for key in _read(options["--keys"])["keys"]}
        since = _read(options["--since"]) if "--since" in options else None
        for sentence in require_holds(_read(paths[0]), keys=keys, since=since):
            print(sentence)
    except Broken as broken:
        print(f"核对不通过：{broken}", file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"核对不通过：文件不能读取（{type(error).__name__}）。", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
