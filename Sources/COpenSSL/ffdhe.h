#pragma once
/* Diffie-Hellman in the group ffdhe3072 of RFC 7919, over OpenSSL's named group.
 *
 * The group is always our own: a peer's bytes are never more than y, so that no parameters of a peer's exist here
 * (CVE-2026-42770). Exponents are the caller's, who draws them and keeps them in guarded memory; what OpenSSL copies of
 * one is zeroed when its DH goes. */
#include <openssl/bn.h>
#include <openssl/dh.h>
#include <openssl/obj_mac.h>
#include <stddef.h>
#include <stdint.h>

#define SC_FFDHE3072_BYTES 384

/* The group with the private exponent set; NULL where memory runs out. */
static inline DH *sc_ffdhe3072_with(const uint8_t *exponent, size_t count) {
  DH *dh = DH_new_by_nid(NID_ffdhe3072);
  BIGNUM *x = BN_secure_new();
  if (dh == NULL || x == NULL || BN_bin2bn(exponent, (int)count, x) == NULL || DH_set0_key(dh, NULL, x) != 1) {
    BN_clear_free(x);
    DH_free(dh);
    return NULL;
  }
  return dh;
}

/* Writes y = 2^x mod p, padded to 384 bytes; 1 when it is done. */
static inline int sc_ffdhe3072_public(const uint8_t *exponent, size_t count, uint8_t *y) {
  DH *dh = sc_ffdhe3072_with(exponent, count);
  if (dh == NULL) return 0;
  int done = DH_generate_key(dh) == 1 && BN_bn2binpad(DH_get0_pub_key(dh), y, SC_FFDHE3072_BYTES) == SC_FFDHE3072_BYTES;
  DH_free(dh);
  return done;
}

/* Writes Z = y^x mod p, padded to 384 bytes: 1; 0 for a y that no honest side sends, -1 where the library fails.
 *
 * p is a safe prime, p = 2q + 1, so that subgroups have the orders 1, 2, q and 2q. 2 <= y <= p - 2 leaves out the first
 * two, and of the rest y lies in the one of order q if and only if y^q = 1, which by Euler's criterion is (y/p) = 1.
 * This is the whole validation of RFC 7919, 5.1, at a twentieth of the price of that exponentiation; y is public, so
 * that the symbol's time may depend on it. */
static inline int sc_ffdhe3072_shared(const uint8_t *exponent, size_t count, const uint8_t *peer, uint8_t *z) {
  int status = -1;
  DH *dh = sc_ffdhe3072_with(exponent, count);
  BIGNUM *y = BN_bin2bn(peer, SC_FFDHE3072_BYTES, NULL);
  BIGNUM *limit = dh == NULL ? NULL : BN_dup(DH_get0_p(dh));
  BN_CTX *context = BN_CTX_new();
  if (dh != NULL && y != NULL && limit != NULL && context != NULL && BN_sub_word(limit, 2) == 1) {
    int is_in_range = BN_cmp(y, BN_value_one()) > 0 && BN_cmp(y, limit) <= 0;
    int symbol = is_in_range ? BN_kronecker(y, DH_get0_p(dh), context) : 0;
    if (symbol == 1) {
      status = DH_compute_key_padded(z, y, dh) == SC_FFDHE3072_BYTES ? 1 : -1;
    } else if (symbol != -2) {
      status = 0;
    }
  }
  BN_CTX_free(context);
  BN_free(limit);
  BN_free(y);
  DH_free(dh);
  return status;
}
