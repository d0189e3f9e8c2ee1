"""Sealing: secrets at rest, encrypted and bound to their place.

An envelope is: version, algorithm, length and name of the key, nonce, ciphertext. The additional data names table,
column and row, so that a sealed value copied to another row does not open.
"""

import secrets
from collections.abc import Mapping
from enum import IntEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = 1
_KEY_BYTES = 32
_SM4_KEY_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = 3


class Algorithm(IntEnum):
    """How an envelope is encrypted. SM4 (GB/T 32907) where national algorithms are required."""

    AES_256_GCM = 1
    SM4_GCM = 2


class UnsealRefused(Exception):
    """The envelope is not ours, was changed, or belongs elsewhere. Which, is not said."""


def derive_key(master: bytes, label: str) -> bytes:
    """A key of its own for each purpose, by HKDF-SHA256 (RFC 5869). 32 bytes."""
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"liyu|" + label.encode()).derive(master)


class Keyring:
    """Keys by name. The newest seals; all of them open."""

    def __init__(self, keys: Mapping[str, bytes], newest: str, algorithm: Algorithm = Algorithm.AES_256_GCM) -> None:
        if newest not in keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise ValueError("a keyring needs its newest key, and keys of 32 bytes")
        self._keys = dict(keys)
        self._newest = newest
        self._algorithm = algorithm

    @property
    def newest(self) -> str:
        """The name of the key that seals."""
        return self._newest

    def __contains__(self, name: str) -> bool:
        """Whether what was sealed under the key of this name can be opened."""
        return name in self._keys

    def seal(self, plain: bytes, aad: str) -> bytes:
        """Encrypt under the newest key, bound to a place."""
        name = self._newest.encode()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        header = bytes((_VERSION, self._algorithm, len(name))) + name + nonce
        return header + _encrypt(self._algorithm, self._keys[self._newest], nonce, plain, _bind(header, aad))

    def unseal(self, sealed: bytes, aad: str) -> bytes:
        """Decrypt. Raises UnsealRefused for anything that was not sealed by these keys for this place."""
        if len(sealed) < _HEADER_BYTES or sealed[0] != _VERSION or sealed[1] not in tuple(Algorithm):
            raise UnsealRefused
        begin = _HEADER_BYTES + sealed[2]
        end = begin + _NONCE_BYTES
        key = self._keys.get(sealed[_HEADER_BYTES:begin].decode("utf-8", "replace"))
        if key is None or len(sealed) < end + _TAG_BYTES:
            raise UnsealRefused
        bound = _bind(sealed[:end], aad)
        try:
            return _decrypt(Algorithm(sealed[1]), key, sealed[begin:end], sealed[end:], bound)
        except InvalidTag as error:
            raise UnsealRefused from error


def _bind(header: bytes, aad: str) -> bytes:
    return header + b"|" + aad.encode()


def _encrypt(algorithm: Algorithm, key: bytes, nonce: bytes, plain: bytes, aad: bytes) -> bytes:
    if algorithm is Algorithm.AES_256_GCM:
        return AESGCM(key).encrypt(nonce, plain, aad)
    encryptor = Cipher(algorithms.SM4(key[:_SM4_KEY_BYTES]), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def _decrypt(algorithm: Algorithm, key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    if algorithm is Algorithm.AES_256_GCM:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    cipher = Cipher(algorithms.SM4(key[:_SM4_KEY_BYTES]), modes.GCM(nonce, sealed[-_TAG_BYTES:]))
    decryptor = cipher.decryptor()
    decryptor.authenticate_additional_data(aad)
    return decryptor.update(sealed[:-_TAG_BYTES]) + decryptor.finalize()
