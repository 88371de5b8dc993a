#pragma once
#include <stddef.h>
#include <stdint.h>

/* What a record of secure_chat/1 costs in plain C over the same library calls: the ratchet (two HMACs), the
 * record's keys (HKDF), CRC32, cipher and tag. Not the product: it checks nothing that it need not to open its
 * own records. Ciphers have the numbers of the protocol: 1 AES-256-CBC with HMAC-SHA256, 2 AES-256-GCM,
 * 3 XChaCha20-Poly1305. Each returns 0, or -1 if a library call failed or a tag did not hold. */

typedef struct reference reference;

reference *reference_create(int cipher);
void reference_free(reference *state);

/* Seals `inner_count` bytes of plaintext `rounds` times, one frame after the other into `frames`. */
int reference_seal(reference *state, const uint8_t *plaintext, size_t inner_count, size_t rounds, uint8_t *frames,
                   size_t frame_count);
/* Opens them again, in order, from the state's first chain key. */
int reference_open(reference *state, const uint8_t *frames, size_t frame_count, size_t inner_count, size_t rounds,
                   uint8_t *output);

/* AES-256-CBC alone and HMAC-SHA256 alone, over `count` bytes, `rounds` times: the limits. */
int reference_cbc_alone(uint8_t *buffer, size_t count, size_t rounds);
int reference_hmac_alone(uint8_t *buffer, size_t count, size_t rounds);
