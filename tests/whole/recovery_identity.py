#!/usr/bin/env python3
"""The age identity of a recovery code, by the words of docs/keys.md alone."""
import hashlib
import hmac
import sys

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
PREFIX = "age-secret-key-"


def code_bytes(text):
    number = 0
    for group in text.split("-"):
        for letter in group[:4]:
            number = number << 5 | LETTERS.index(letter)
    return (number >> 4).to_bytes(32, "big")


def hkdf(key, info):
    drawn = hmac.new(bytes(32), key, hashlib.sha256).digest()
    return hmac.new(drawn, info + b"\1", hashlib.sha256).digest()


def polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate([0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]):
            check ^= generator if top >> bit & 1 else 0
    return check


def bech32(data):
    number = int.from_bytes(data, "big") << 4
    values = [number >> 5 * (51 - i) & 31 for i in range(52)]
    head = [ord(c) >> 5 for c in PREFIX] + [0] + [ord(c) & 31 for c in PREFIX]
    check = polymod(head + values + [0] * 6) ^ 1
    return PREFIX + "1" + "".join(BECH32[v] for v in values + [check >> 5 * (5 - i) & 31 for i in range(6)])


print(bech32(hkdf(code_bytes(sys.argv[1]), b"posthus recovery code 1: age identity")).upper())
