"""Zkn and Zks: whole ciphers and hashes made of the instructions, against published results.

The programs below follow FIPS 197, FIPS 180-4, GB/T 32907-2016 and GB/T 32905-2016; only what an
instruction is for is left to it. `hashlib` and the standards' examples judge.
"""

import hashlib
import random

import pytest

from difftest.program import ISA
from isa.causes import Cause, Priv
from isa.isa_string import parse_isa
from isa.spec import TABLE
from tests.isa.bench import CODE, asm, bench, run

WHOLE = parse_isa(ISA)
EXTENSIONS = {"Zknd", "Zkne", "Zknh", "Zksed", "Zksh"}
USED = {
    *("aes64es", "aes64esm", "aes64ds", "aes64dsm", "aes64im", "aes64ks1i", "aes64ks2"),
    *(f"sha{size}{name}{i}" for size in (256, 512) for name in ("sum", "sig") for i in (0, 1)),
    *("sm4ed", "sm4ks", "sm3p0", "sm3p1"),
}
LOW = (1 << 32) - 1


def test_every_instruction_is_used():
    assert {insn.name for insn in TABLE if EXTENSIONS & set(insn.ext.split("|"))} == USED


@pytest.fixture
def compute(engine):
    """Give a function that executes one instruction."""
    hart = bench(Priv.M, isa=WHOLE)

    def execute(name, rs1, rs2=0, **fields):
        operands = TABLE.by_name[name].pattern.operands
        registers = {"rd": 10, "rs1": 11, "rs2": 12}
        registers = {key: value for key, value in registers.items() if key in operands}
        hart.memory.write(CODE, asm(name, **registers, **fields).to_bytes(4, "little"))
        hart.pc = CODE
        hart.x[11], hart.x[12] = rs1, rs2
        run(engine, hart)
        return hart.x[10]

    return execute


# AES


def halves(block):
    """Split 16 bytes into two registers."""
    return [int.from_bytes(block[i : i + 8], "little") for i in (0, 8)]


def joined(state):
    """Join two registers."""
    return b"".join(half.to_bytes(8, "little") for half in state)


def expand_key(compute, key):
    """Expand a key of 128 or 256 bits to round keys of two registers each."""
    words = [int.from_bytes(key[i : i + 8], "little") for i in range(0, len(key), 8)]
    size, rounds = len(words), 10 if len(key) == 16 else 14
    number = 0
    while len(words) < 2 * (rounds + 1):
        turn = len(words) % size
        if turn == 0:
            start = compute("aes64ks1i", words[-1], rnum=number)
            number += 1
        elif turn == 2:
            start = compute("aes64ks1i", words[-1], rnum=10)
        else:
            start = words[-1]
        words.append(compute("aes64ks2", start, words[-size]))
    return [words[i : i + 2] for i in range(0, 2 * (rounds + 1), 2)]


def encrypt(compute, keys, block):
    """Encrypt one block."""
    state = [a ^ b for a, b in zip(halves(block), keys[0], strict=True)]
    for key in keys[1:]:
        name = "aes64es" if key is keys[-1] else "aes64esm"
        done = [compute(name, *state), compute(name, *reversed(state))]
        state = [a ^ b for a, b in zip(done, key, strict=True)]
    return joined(state)


def decrypt(compute, keys, block):
    """Decrypt one block, by the equivalent inverse cipher."""
    inner = [[compute("aes64im", half) for half in key] for key in keys[1:-1]]
    keys = [keys[0], *inner, keys[-1]]
    state = [a ^ b for a, b in zip(halves(block), keys[-1], strict=True)]
    for key in reversed(keys[:-1]):
        name = "aes64ds" if key is keys[0] else "aes64dsm"
        done = [compute(name, *state), compute(name, *reversed(state))]
        state = [a ^ b for a, b in zip(done, key, strict=True)]
    return joined(state)


PLAIN = bytes.fromhex("00112233445566778899aabbccddeeff")


@pytest.mark.parametrize(
    ("key", "cipher"),
    [
        (bytes(range(16)), "69c4e0d86a7b0430d8cdb78070b4c55a"),  # FIPS 197, appendix C.1
        (bytes(range(32)), "8ea2b7ca516745bfeafc49904b496089"),  # FIPS 197, appendix C.3
    ],
    ids=["128", "256"],
)
def test_aes_gives_the_standards_example_and_back(compute, key, cipher):
    keys = expand_key(compute, key)
    assert encrypt(compute, keys, PLAIN).hex() == cipher
    assert decrypt(compute, keys, bytes.fromhex(cipher)) == PLAIN


def aes_box():
    """Make the S-box of AES from powers of the generator 3."""
    power, powers = 1, []
    for _ in range(255):
        powers.append(power)
        power ^= (power << 1) ^ (0x11B if power & 0x80 else 0)
    inverse = {powers[i]: powers[-i % 255] for i in range(255)} | {0: 0}

    def around(value, n):
        return (value << n | value >> 8 - n) & 0xFF

    return [
        inv ^ around(inv, 1) ^ around(inv, 2) ^ around(inv, 3) ^ around(inv, 4) ^ 0x63
        for inv in (inverse[i] for i in range(256))
    ]


def test_the_s_box_is_right_for_every_byte_forwards_and_backwards(compute):
    box = aes_box()
    for value in range(256):
        everywhere = value * 0x0101_0101_0101_0101
        found = box[value] * 0x0101_0101_0101_0101
        assert compute("aes64es", everywhere, everywhere) == found
        assert compute("aes64ds", found, found) == everywhere


@pytest.mark.parametrize("rnum", range(11, 16))
def test_a_round_that_does_not_exist_is_illegal(engine, rnum):
    word = asm("aes64ks1i", rd=10, rs1=11, rnum=0) | rnum << 20
    hart = bench(Priv.M, word, isa=WHOLE)
    hart.x[10] = 77
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"], hart.x[10]) == (Cause.ILLEGAL, word, 77)


# SHA-2


def primes(count):
    """Give the first prime numbers."""
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def root_bits(number, degree, bits):
    """Give the first bits of the fraction of a square or cube root."""
    scaled = number << degree * bits
    low, high = 0, 1 << bits + 10
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= scaled else (low, middle)
    return low & (1 << bits) - 1


def sha2(compute, bits, data):
    """Hash one block with words of 32 or 64 bits; only the sigmas are instructions."""
    size, rounds = bits // 8, 64 if bits == 32 else 80
    mask, name = (1 << bits) - 1, f"sha{bits * 8}"
    state = [root_bits(prime, 2, bits) for prime in primes(8)]
    constants = [root_bits(prime, 3, bits) for prime in primes(rounds)]
    padded = data + b"\x80" + bytes(16 * size - 1 - 2 * size - len(data))
    padded += (8 * len(data)).to_bytes(2 * size, "big")
    w = [int.from_bytes(padded[i : i + size], "big") for i in range(0, 16 * size, size)]
    for t in range(16, rounds):
        sigma = compute(f"{name}sig1", w[t - 2]) + compute(f"{name}sig0", w[t - 15])
        w.append(sigma + w[t - 7] + w[t - 16] & mask)
    a, b, c, d, e, f, g, h = state
    for t in range(rounds):
        first = h + compute(f"{name}sum1", e) + (e & f ^ ~e & g) + constants[t] + w[t]
        second = compute(f"{name}sum0", a) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = first + second & mask, a, b, c, d + first & mask, e, f, g
    mixed = zip(state, (a, b, c, d, e, f, g, h), strict=True)
    return b"".join((old + new & mask).to_bytes(size, "big") for old, new in mixed)


def test_sha_256_and_512_give_the_hash_of_hashlib(compute):
    for data in (b"", b"abc", bytes(range(55))):
        assert sha2(compute, 32, data) == hashlib.sha256(data).digest()
        assert sha2(compute, 64, data) == hashlib.sha512(data).digest()


@pytest.mark.parametrize("name", ["sum0", "sum1", "sig0", "sig1"])
def test_32_bit_results_are_sign_extended_and_upper_bits_ignored(compute, name):
    rng = random.Random(name)
    for _ in range(50):
        value = rng.getrandbits(64)
        found = compute(f"sha256{name}", value)
        assert found >> 32 == LOW * (found >> 31 & 1)
        assert found == compute(f"sha256{name}", value & LOW)


# SM4 and SM3

FK = (0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC)
CK = [sum((4 * i + j) * 7 % 256 << 24 - 8 * j for j in range(4)) for i in range(32)]


def swapped(value):
    """Reverse the bytes of 32 bits."""
    return int.from_bytes((value & LOW).to_bytes(4, "little"), "big")


def sm4_step(compute, name, x, add):
    """Mix three columns and a constant into a fourth; columns are big-endian numbers."""
    source = swapped(x[1] ^ x[2] ^ x[3] ^ add)
    column = swapped(x[0])
    for byte in range(4):
        column = compute(name, column, source, bs=byte)
    return [*x[1:], swapped(column)]


def sm4(compute, keys, block):
    """Encrypt a block with round keys, or decrypt it with the reversed ones."""
    x = [int.from_bytes(block[i : i + 4], "big") for i in range(0, 16, 4)]
    for key in keys:
        x = sm4_step(compute, "sm4ed", x, key)
    return b"".join(word.to_bytes(4, "big") for word in reversed(x))


def test_sm4_gives_the_standards_example_and_back(compute):
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    k = [int.from_bytes(key[4 * i : 4 * i + 4], "big") ^ FK[i] for i in range(4)]
    keys = []
    for constant in CK:
        k = sm4_step(compute, "sm4ks", k, constant)
        keys.append(k[-1])
    cipher = sm4(compute, keys, key)
    assert cipher.hex() == "681edf34d206965e86b3e94f536e4246"
    assert sm4(compute, keys[::-1], cipher) == key


def rotl(value, n):
    """Rotate 32 bits left."""
    n %= 32
    return (value << n | (value & LOW) >> 32 - n) & LOW


def sm3(compute, data):
    """Hash one block."""
    v = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600]
    v += [0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    padded = data + b"\x80" + bytes(55 - len(data)) + (8 * len(data)).to_bytes(8, "big")
    w = [int.from_bytes(padded[i : i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        mixed = compute("sm3p1", w[j - 16] ^ w[j - 9] ^ rotl(w[j - 3], 15)) & LOW
        w.append(mixed ^ rotl(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = v
    for j in range(64):
        ss1 = rotl(rotl(a, 12) + e + rotl(0x79CC4519 if j < 16 else 0x7A879D8A, j) & LOW, 7)
        ff = a ^ b ^ c if j < 16 else a & b | a & c | b & c
        gg = e ^ f ^ g if j < 16 else e & f | ~e & g
        tt1 = ff + d + (ss1 ^ rotl(a, 12)) + (w[j] ^ w[j + 4]) & LOW
        tt2 = gg + h + ss1 + w[j] & LOW
        p0 = compute("sm3p0", tt2) & LOW
        a, b, c, d, e, f, g, h = tt1, a, rotl(b, 9), c, p0, e, rotl(f, 19), g
    mixed = zip(v, (a, b, c, d, e, f, g, h), strict=True)
    return b"".join((old ^ new).to_bytes(4, "big") for old, new in mixed)


def test_sm3_gives_the_standards_example(compute):
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3(compute, b"abc").hex() == expected


@pytest.mark.parametrize("name", ["sm3p0", "sm3p1"])
def test_sm3_permutations_are_sign_extended_and_ignore_upper_bits(compute, name):
    for value in (1, 0x8000_0000, 0x1234_5678_9ABC_DEF0):
        found = compute(name, value)
        assert found >> 32 == LOW * (found >> 31 & 1)
        assert found == compute(name, value & LOW)
