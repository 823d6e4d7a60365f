#!/usr/bin/env python3
"""Restores a snapshot from a vault in a directory, knowing docs/backup-format.md and nothing of posthus: `age` opens what is
sealed, PyNaCl and zstandard do the rest.

    backup_restore.py VAULT IDENTITY_FILE FOLDER    the newest snapshot, every file; prints its paths
"""
import hashlib
import os
import subprocess
import sys

import nacl.bindings
import zstandard


def digest(data):
    return hashlib.blake2b(data, digest_size=32).digest()


class Reader:
    """Numbers are big-endian; a string is its length and its bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        piece = self.data[self.at:self.at + size]
        if len(piece) != size:
            raise ValueError("cut off")
        self.at += size
        return piece

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def string(self):
        return self.take(self.number(4))

    def more(self):
        return self.at < len(self.data)


class Vault:
    def __init__(self, path, identity):
        self.path, self.identity, self.packs = path, identity, {}
        mark = self.object("vault")
        if not mark.startswith(b"posthus-vault-1\n"):
            raise ValueError("no vault")
        self.public = mark[-96:-64]
        self.check_signature(mark)

    def object(self, name):
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()

    def check_signature(self, data):
        if data[-96:-64] != self.public:
            raise ValueError("signed by another key")
        nacl.bindings.crypto_sign_open(data[-64:] + data[:-64], self.public)

    def unseal(self, sealed):
        return subprocess.run(["age", "-d", "-i", self.identity], input=sealed, capture_output=True, check=True).stdout

    def newest(self):
        name = max(os.listdir(os.path.join(self.path, "snapshots")))
        data = self.object(f"snapshots/{name}")
        if digest(data).hex() != name.split("-")[1]:
            raise ValueError("a snapshot is not what its name says")
        self.check_signature(data)
        r = Reader(data)
        if r.take(16) != b"posthus-snap-1\n\0":
            raise ValueError("no snapshot")
        r.take(32)
        for _ in range(2):  # those before it, and the roll
            r.take(32 * r.number(4))
        return Reader(self.unseal(r.string()))

    def pack(self, pack_id):
        if pack_id not in self.packs:
            data = self.object(f"packs/{pack_id.hex()}")
            r = Reader(data)
            if r.take(16) != b"posthus-pack-1\n\0":
                raise ValueError("no pack")
            r.take(32)
            sealed = r.string()
            if digest(data[:r.at]) != pack_id:
                raise ValueError("a pack's head is another's")
            self.packs[pack_id] = data, self.unseal(sealed)
        return self.packs[pack_id]

    def chunk(self, reference):
        pack_id, at, stored, size = reference
        data, key = self.pack(pack_id)
        clear = nacl.bindings.crypto_aead_chacha20poly1305_ietf_decrypt(
            data[at:at + stored], b"", bytes(4) + at.to_bytes(8, "big"), key)
        chunk = zstandard.ZstdDecompressor().decompress(clear[1:]) if clear[0] == 1 else clear[1:]
        if len(chunk) != size:
            raise ValueError("a chunk has another size")
        return chunk

    def stream(self, root):
        level, size, references = root
        for _ in range(level):
            nodes = (Reader(self.chunk(reference)) for reference in references)
            references = [take_reference(node) for node in nodes for _ in range(len(node.data) // 44)]
        data = b"".join(self.chunk(reference) for reference in references)
        if len(data) != size:
            raise ValueError("a stream has another size")
        return data


def take_reference(r):
    return r.take(32), r.number(4), r.number(4), r.number(4)


def take_root(r):
    level, size, count = r.number(4), r.number(8), r.number(4)
    return level, size, [take_reference(r) for _ in range(count)]


def main():
    vault = Vault(sys.argv[1], sys.argv[2])
    body = vault.newest()
    body.string()
    rows = Reader(vault.stream(take_root(body)))
    while rows.more():
        row = Reader(rows.string())
        path = row.string().decode()
        row.string()
        wanted = row.take(32)
        data = vault.stream(take_root(row))
        if digest(data) != wanted:
            raise ValueError(f"{path} is not what was written")
        place = os.path.join(sys.argv[3], path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(data)
        print(path)


if __name__ == "__main__":
    main()
