#pragma once
/* HMAC (RFC 2104) and HKDF-Expand (RFC 5869) over OpenSSL's SHA-256 and SHA-512.
 *
 * The hash is OpenSSL's. It is keyed here, and not through EVP_MAC, for two reasons: the keyed state is as
 * good as the key, and this way it lies where the caller wants it (guarded memory), not in OpenSSL's heap;
 * and the two hashed key blocks are kept, so that a message costs no allocation and half the compressions.
 * SHA256_* and SHA512_* cannot fail once their context exists. */
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* `inner` and `outer` have taken the padded key; `running` is the message under way; `block` is scratch. */
#define SC_HMAC(HASH, CONTEXT, NAME, BLOCK, DIGEST)                                                            \
  typedef struct {                                                                                             \
    CONTEXT inner, outer, running;                                                                             \
    uint8_t block[BLOCK];                                                                                      \
  } NAME;                                                                                                      \
  static inline void NAME##_set_key(NAME *mac, const uint8_t *key, size_t count) {                             \
    memset(mac->block, 0, BLOCK);                                                                              \
    if (count > BLOCK) {                                                                                       \
      HASH##_Init(&mac->running);                                                                              \
      HASH##_Update(&mac->running, key, count);                                                                \
      HASH##_Final(mac->block, &mac->running);                                                                 \
    } else if (count > 0) {                                                                                    \
      memcpy(mac->block, key, count);                                                                          \
    }                                                                                                          \
    for (size_t i = 0; i < BLOCK; i++) mac->block[i] ^= 0x36;                                                  \
    HASH##_Init(&mac->inner);                                                                                  \
    HASH##_Update(&mac->inner, mac->block, BLOCK);                                                             \
    for (size_t i = 0; i < BLOCK; i++) mac->block[i] ^= 0x36 ^ 0x5c;                                           \
    HASH##_Init(&mac->outer);                                                                                  \
    HASH##_Update(&mac->outer, mac->block, BLOCK);                                                             \
    OPENSSL_cleanse(mac->block, BLOCK);                                                                        \
    mac->running = mac->inner;                                                                                 \
  }                                                                                                            \
  static inline void NAME##_update(NAME *mac, const uint8_t *bytes, size_t count) {                            \
    if (count > 0) HASH##_Update(&mac->running, bytes, count);                                                 \
  }                                                                                                            \
  /* Writes DIGEST bytes and stands ready for the next message under the same key. */                          \
  static inline void NAME##_finish(NAME *mac, uint8_t *tag) {                                                  \
    HASH##_Final(mac->block, &mac->running);                                                                   \
    mac->running = mac->outer;                                                                                 \
    HASH##_Update(&mac->running, mac->block, DIGEST);                                                          \
    HASH##_Final(tag, &mac->running);                                                                          \
    mac->running = mac->inner;                                                                                 \
  }                                                                                                            \
  /* HKDF-Expand with the key as PRK; count is at most 255 * DIGEST. */                                        \
  static inline void NAME##_expand(NAME *mac, const uint8_t *info, size_t info_count, uint8_t *output,         \
                                   size_t count) {                                                             \
    uint8_t number = 1;                                                                                        \
    size_t done = 0;                                                                                           \
    while (done < count) {                                                                                     \
      if (done > 0) NAME##_update(mac, output + done - DIGEST, DIGEST);                                        \
      NAME##_update(mac, info, info_count);                                                                    \
      NAME##_update(mac, &number, 1);                                                                          \
      if (count - done >= DIGEST) {                                                                            \
        NAME##_finish(mac, output + done);                                                                     \
        done += DIGEST;                                                                                        \
      } else {                                                                                                 \
        uint8_t last[DIGEST];                                                                                  \
        NAME##_finish(mac, last);                                                                              \
        memcpy(output + done, last, count - done);                                                             \
        OPENSSL_cleanse(last, DIGEST);                                                                         \
        done = count;                                                                                          \
      }                                                                                                        \
      number++;                                                                                                \
    }                                                                                                          \
  }

SC_HMAC(SHA256, SHA256_CTX, sc_hmac_sha256, 64, 32)
SC_HMAC(SHA512, SHA512_CTX, sc_hmac_sha512, 128, 64)

/* One call, with the keyed state on the stack and wiped. */
static inline void sc_hmac_sha256_once(const uint8_t *key, size_t key_count, const uint8_t *first, size_t first_count,
                                       const uint8_t *second, size_t second_count, uint8_t *tag) {
  sc_hmac_sha256 mac;
  sc_hmac_sha256_set_key(&mac, key, key_count);
  sc_hmac_sha256_update(&mac, first, first_count);
  sc_hmac_sha256_update(&mac, second, second_count);
  sc_hmac_sha256_finish(&mac, tag);
  OPENSSL_cleanse(&mac, sizeof mac);
}

static inline void sc_hkdf_sha256_expand_once(const uint8_t *prk, size_t prk_count, const uint8_t *info,
                                              size_t info_count, uint8_t *output, size_t count) {
  sc_hmac_sha256 mac;
  sc_hmac_sha256_set_key(&mac, prk, prk_count);
  sc_hmac_sha256_expand(&mac, info, info_count, output, count);
  OPENSSL_cleanse(&mac, sizeof mac);
}

static inline void sc_hkdf_sha256_once(const uint8_t *salt, size_t salt_count, const uint8_t *ikm, size_t ikm_count,
                                       const uint8_t *info, size_t info_count, uint8_t *output, size_t count) {
  uint8_t prk[32];
  sc_hmac_sha256_once(salt, salt_count, ikm, ikm_count, NULL, 0, prk);
  sc_hkdf_sha256_expand_once(prk, sizeof prk, info, info_count, output, count);
  OPENSSL_cleanse(prk, sizeof prk);
}

/* One step of a chain of record keys: MK = HMAC(chain_key, 1), material = HKDF(salt, MK, info), chain_key =
 * HMAC(chain_key, 2). `salted` is keyed with the salt and stays as it is. */
static inline void sc_hmac_sha256_ratchet(uint8_t *chain_key, const sc_hmac_sha256 *salted, const uint8_t *info,
                                          size_t info_count, uint8_t *material, size_t count) {
  sc_hmac_sha256 mac;
  uint8_t key[32], number = 1;
  sc_hmac_sha256_set_key(&mac, chain_key, 32);
  sc_hmac_sha256_update(&mac, &number, 1);
  sc_hmac_sha256_finish(&mac, key);
  number = 2;
  sc_hmac_sha256_update(&mac, &number, 1);
  sc_hmac_sha256_finish(&mac, chain_key);
  mac.outer = salted->outer;
  mac.running = salted->inner;
  sc_hmac_sha256_update(&mac, key, sizeof key);
  sc_hmac_sha256_finish(&mac, key);
  sc_hmac_sha256_set_key(&mac, key, sizeof key);
  sc_hmac_sha256_expand(&mac, info, info_count, material, count);
  OPENSSL_cleanse(&mac, sizeof mac);
  OPENSSL_cleanse(key, sizeof key);
}

/* SHA-256 and SHA-512 of two joined inputs, which may be secret: the context is wiped. */
#define SC_HASH(HASH, CONTEXT, NAME)                                                                           \
  static inline void NAME(const uint8_t *first, size_t first_count, const uint8_t *second, size_t second_count, \
                          uint8_t *digest) {                                                                   \
    CONTEXT context;                                                                                           \
    HASH##_Init(&context);                                                                                     \
    if (first_count > 0) HASH##_Update(&context, first, first_count);                                          \
    if (second_count > 0) HASH##_Update(&context, second, second_count);                                       \
    HASH##_Final(digest, &context);                                                                            \
    OPENSSL_cleanse(&context, sizeof context);                                                                 \
  }

SC_HASH(SHA256, SHA256_CTX, sc_sha256)
SC_HASH(SHA512, SHA512_CTX, sc_sha512)
