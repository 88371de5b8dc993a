#!/usr/bin/env python3
"""Condenses official test vectors to the values that the tests here read.

usage: condense.py FOLDER

FOLDER holds the official files, unmodified, in the folders named in SOURCES. Each file written here names its
source, commit and licence, and holds inputs, outputs and whether they are right; nothing else. Bytes are lower-case
hexadecimal, those of ML-KEM ciphertexts and public keys base64. Running it again on the same files changes nothing.
"""

import base64
import collections
import hashlib
import json
import os
import sys

SOURCES = {
    "wycheproof": {
        "source": "https://github.com/C2SP/wycheproof, testvectors_v1",
        "commit": "dac1dd4729fd1f8dd9e1e9f3dce51d783da6c166",
        "licence": "Apache-2.0",
    },
    "cpace": {
        "source": "https://github.com/cfrg/draft-irtf-cfrg-cpace, testvectors.json",
        "commit": "8fb4056e1b9201927d9f651b9970d9d5660c7892",
        "licence": "IETF Trust, BCP 78/79; code components: Simplified BSD",
    },
    "rfc9496": {
        "source": "RFC 9496, appendix A",
        "commit": "RFC 9496, December 2023",
        "licence": "IETF Trust, BCP 78/79; code components: Revised BSD",
    },
    "cctv-mlkem": {
        "source": "https://github.com/C2SP/CCTV, ML-KEM",
        "commit": "1e3d2860d46e94e777e1b17c7a6f2436387e3ecc",
        "licence": "CC0-1.0",
    },
    "noise": {
        "source": "https://github.com/mcginty/snow, tests/vectors/cacophony.txt",
        "commit": "8ac60f51cfe3e010c84f0a454cc575ad9204fa12",
        "licence": "Apache-2.0 OR MIT",
    },
    "openssl": {
        "source": "https://github.com/openssl/openssl, test/recipes/30-test_evp_data/evppkey_ffdhe.txt, ffdhe3072-1 and -2,"
                  " as integers",
        "commit": "06da14737369e7c90899aed4bb21cce9a0910d29",
        "licence": "Apache-2.0",
    },
    "hpke": {
        "source": "https://github.com/apple/swift-crypto, Tests/CryptoTests/HPKE/hpke-test-vectors.json (RFC 9180, A.2)",
        "commit": "778f0d7e1c5105b97a115198b48b593d214fbcd1",
        "licence": "Apache-2.0",
    },
}

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, folders, values, note=None):
    """One JSON file; each list of values has one value a line, so that a change shows."""
    lines = ["{"]
    for key in ("source", "commit", "licence"):
        text = "; ".join(dict.fromkeys(SOURCES[folder][key] for folder in folders))
        lines.append(f" {json.dumps(key)}: {json.dumps(text)},")
    if note:
        lines.append(f' "note": {json.dumps(note)},')
    parts = []
    for key, value in values.items():
        if isinstance(value, list):
            inner = ",\n".join("  " + json.dumps(entry) for entry in value)
            parts.append(f" {json.dumps(key)}: [\n{inner}\n ]")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    lines.append(",\n".join(parts))
    lines.append("}\n")
    with open(os.path.join(HERE, name), "w") as file:
        file.write("\n".join(lines))


def wycheproof(root, name):
    with open(os.path.join(root, "wycheproof", name + "_test.json")) as file:
        document = json.load(file)
    for group in document["testGroups"]:
        for test in group["tests"]:
            yield group, test


def b64(hexadecimal):
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def sha256(hexadecimal):
    return hashlib.sha256(bytes.fromhex(hexadecimal)).hexdigest()


def aead(root, name, key_bits=None):
    return [
        {key: test[key] for key in ("tcId", "key", "iv", "aad", "msg", "ct", "tag")} | {"valid": test["result"] == "valid"}
        for group, test in wycheproof(root, name) if key_bits in (None, group["keySize"])
    ]


def cctv(root, name):
    with open(os.path.join(root, "cctv-mlkem", name)) as file:
        pairs = [line.strip().split(" = ", 1) for line in file if " = " in line]
    first = {}
    for key, value in pairs:
        first.setdefault(key, value)
    return first


def patched(base, keys):
    """Each key as what differs from `base`: offset and new bytes of each run."""
    result = []
    for key in keys:
        changes, index = [], 0
        while index < len(base):
            if key[index] == base[index]:
                index += 1
                continue
            start = index
            while index < len(base) and key[index] != base[index]:
                index += 1
            changes.append([start, key[start:index].hex()])
        result.append(changes)
    return result


def main(root):
    for name, output in (
        ("a128cbc_hs256", "a128cbc-hs256.json"),
        ("a256cbc_hs512", "a256cbc-hs512.json"),
        ("chacha20_poly1305", "chacha20-poly1305.json"),
        ("xchacha20_poly1305", "xchacha20-poly1305.json"),
    ):
        write(output, ["wycheproof"], {"tests": aead(root, name)})

    write("aes256-gcm.json", ["wycheproof"], {"tests": aead(root, "aes_gcm", key_bits=256)})
    write("hmac-sha256.json", ["wycheproof"], {"tests": [
        {"tcId": t["tcId"], "key": t["key"], "msg": t["msg"], "tag": t["tag"], "valid": t["result"] == "valid"}
        for _, t in wycheproof(root, "hmac_sha256")]})
    write("hkdf-sha256.json", ["wycheproof"], {"tests": [
        {"tcId": t["tcId"], "ikm": t["ikm"], "salt": t["salt"], "info": t["info"], "size": t["size"],
         "okm": t["okm"], "valid": t["result"] == "valid"}
        for _, t in wycheproof(root, "hkdf_sha256")]})
    write("x25519.json", ["wycheproof"], {"tests": [
        {"tcId": t["tcId"], "public": t["public"], "private": t["private"], "shared": t["shared"]}
        for _, t in wycheproof(root, "x25519")]},
        note="an all-zero shared secret must be refused; every other one must come out, also those called acceptable")
    write("ed25519.json", ["wycheproof"], {"tests": [
        {"tcId": t["tcId"], "publicKey": g["publicKey"]["pk"], "msg": t["msg"], "sig": t["sig"],
         "valid": t["result"] == "valid"}
        for g, t in wycheproof(root, "ed25519")]})

    write("mlkem768-keys.json", ["wycheproof"], {"tests": [
        {"tcId": t["tcId"], "seed": t["seed"], "publicKeySHA256": sha256(t["ek"])}
        for _, t in wycheproof(root, "mlkem_768_keygen_seed")]})
    decapsulations = [
        {"tcId": t["tcId"], "seed": t["seed"],
         "publicKeySHA256": sha256(t["ek"]) if t.get("ek") else "", "ciphertext": b64(t["c"]), "secret": t.get("K", ""),
         "valid": t["result"] == "valid"}
        for _, t in wycheproof(root, "mlkem_768")]
    write("mlkem768-decapsulation.json", ["wycheproof"], {"tests": decapsulations},
          note="an altered ciphertext is valid: it gives the secret of implicit rejection")

    with open(os.path.join(root, "cctv-mlkem", "modulus-ML-KEM-768.txt")) as file:
        keys = [bytes.fromhex(line.strip()) for line in file if line.strip()]
    base = bytes(collections.Counter(column).most_common(1)[0][0] for column in zip(*keys))
    bad, good = [], []
    for _, t in wycheproof(root, "mlkem_768_encaps"):
        (good if t["result"] == "valid" else bad).append(t)
    unreduced = [t for t in bad if t.get("comment") == "Public key not reduced"]
    others = [t for t in bad if t.get("comment") != "Public key not reduced"]
    write("mlkem768-public-keys.json", ["wycheproof", "cctv-mlkem"], {
        "modulusBase": base64.b64encode(base).decode(),
        "modulus": patched(base, keys),
        "refused": [{"tcId": t["tcId"], "publicKey": b64(t["ek"])} for t in others + unreduced[:20]],
        # The two of CCTV are of a draft whose seeds FIPS 203 does not read: their public keys still serve.
        "accepted": [{"tcId": t["tcId"], "publicKey": b64(t["ek"])} for t in good if "seeds" not in t["comment"]]
        + [{"tcId": 0, "publicKey": b64(cctv(root, f"{name}-ML-KEM-768.txt")["ek"])}
           for name in ("intermediate", "unluckysample")],
    }, note="modulus: each entry is the base with these bytes at these offsets, and must be refused; of the 100 random"
            " keys out of range the first 20; of the accepted keys those that are not random")

    with open(os.path.join(root, "cpace", "testvectors.json")) as file:
        document = json.load(file)
    points = document["G_Coffee25519_points"]
    write("cpace-ristretto255.json", ["cpace"], {
        "exchange": {name: document["G_Coffee25519"][key].lower() for name, key in (
            ("password", "PRS"), ("channel", "CI"), ("session", "sid"), ("initiatorScalar", "ya"),
            ("initiatorData", "ADa"), ("initiatorShare", "Ya"), ("responderScalar", "yb"),
            ("responderData", "ADb"), ("responderShare", "Yb"), ("sessionKey", "ISK_IR"))},
        "valid": {"scalar": points["Valid"]["s"].lower(), "point": points["Valid"]["X"].lower(),
                  "product": points["Valid"]["G.scalar_mult_vfy(s,X)"].lower()},
        "invalid": [points["Invalid Y1"].lower(), points["Invalid Y2"].lower()],
    })

    with open(os.path.join(root, "rfc9496", "ristretto255.json")) as file:
        document = json.load(file)
    write("ristretto255.json", ["rfc9496"], {
        "multiplesOfBase": document["multiples_of_base"],
        "invalidEncodings": document["invalid_encodings"],
        "labels": document["sha512_label_to_group"],
    }, note="labels: the point that SHA-512 of the label maps to")

    with open(os.path.join(root, "openssl", "ffdhe3072.json")) as file:
        document = json.load(file)
    write("ffdhe3072.json", ["openssl"], {
        "firstExponent": document["x1"].rjust(70, "0"), "firstPublic": document["y1"],
        "secondExponent": document["x2"].rjust(70, "0"), "secondPublic": document["y2"], "shared": document["Z"],
        "refused": [{"name": bad["name"], "public": bad["y"]} for bad in document["invalid_public"]],
    }, note="refused: not of OpenSSL's file; values outside 2...p-2, and two quadratic non-residues")

    with open(os.path.join(root, "noise", "noise-25519-sha256-subset.json")) as file:
        document = json.load(file)
    write("noise-25519-chachapoly-sha256.json", ["noise"], {
        "vectors": [v for v in document["vectors"] if "_ChaChaPoly_" in v["protocol_name"]]})

    with open(os.path.join(root, "hpke", "hpke-test-vectors.json")) as file:
        document = json.load(file)
    # Base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; the first message, since one is all we seal.
    suite = next(v for v in document if (v["mode"], v["kem_id"], v["kdf_id"], v["aead_id"]) == (0, 32, 1, 3))
    write("hpke-base-x25519.json", ["hpke"], {
        "privateKey": suite["skRm"], "publicKey": suite["pkRm"], "encapsulatedKey": suite["enc"], "info": suite["info"],
        "aad": suite["encryptions"][0]["aad"], "plaintext": suite["encryptions"][0]["pt"],
        "ciphertext": suite["encryptions"][0]["ct"]})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
