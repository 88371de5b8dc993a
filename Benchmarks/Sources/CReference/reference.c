#define OPENSSL_SUPPRESS_DEPRECATED
#include "reference.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../../Rooms/COpenSSL/hmac.h"

struct reference {
  int cipher;
  EVP_CIPHER_CTX *context;
  sc_hmac_sha256 extract; /* keyed with the zero salt once and for all */
  uint8_t chain_key[32];
  uint64_t sequence;
};

static const uint8_t first_chain_key[32] = {7};
static const char *const labels[] = {"", "secure_chat/1 rec cbc", "secure_chat/1 rec gcm", "secure_chat/1 rec xc20"};
static const size_t material_counts[] = {0, 80, 44, 56};

reference *reference_create(int cipher) {
  reference *state = calloc(1, sizeof *state);
  const uint8_t zeros[32] = {0};
  if (state == NULL || sodium_init() < 0) return NULL;
  state->cipher = cipher;
  state->context = EVP_CIPHER_CTX_new();
  sc_hmac_sha256_set_key(&state->extract, zeros, sizeof zeros);
  if (cipher == 1) EVP_CipherInit_ex2(state->context, EVP_aes_256_cbc(), NULL, NULL, 1, NULL);
  if (cipher == 2) EVP_CipherInit_ex2(state->context, EVP_aes_256_gcm(), NULL, NULL, 1, NULL);
  return state;
}

void reference_free(reference *state) {
  if (state == NULL) return;
  EVP_CIPHER_CTX_free(state->context);
  free(state);
}

static void start(reference *state) {
  memcpy(state->chain_key, first_chain_key, 32);
  state->sequence = 0;
}

/* MK = HMAC(CK, 1); the record's keys = HKDF(zeros, MK); CK = HMAC(CK, 2). */
static void step(reference *state, uint8_t *material) {
  sc_hmac_sha256 mac;
  uint8_t master[32], prk[32], byte = 1;
  const char *label = labels[state->cipher];
  sc_hmac_sha256_set_key(&mac, state->chain_key, 32);
  sc_hmac_sha256_update(&mac, &byte, 1);
  sc_hmac_sha256_finish(&mac, master);
  byte = 2;
  sc_hmac_sha256_update(&mac, &byte, 1);
  sc_hmac_sha256_finish(&mac, state->chain_key);
  sc_hmac_sha256_update(&state->extract, master, 32);
  sc_hmac_sha256_finish(&state->extract, prk);
  sc_hkdf_sha256_expand_once(prk, 32, (const uint8_t *)label, strlen(label), material, material_counts[state->cipher]);
  state->sequence++;
}

static size_t associated(const reference *state, uint16_t length, uint8_t *bytes) {
  memcpy(bytes, "secure_chat/1 recI", 18);
  memset(bytes + 18, 0, 4);
  for (int i = 0; i < 8; i++) bytes[22 + i] = (uint8_t)(state->sequence >> (56 - 8 * i));
  bytes[30] = (uint8_t)(length >> 8);
  bytes[31] = (uint8_t)length;
  return 32;
}

static void cbc_tag(const uint8_t *material, const uint8_t *aad, size_t aad_count, const uint8_t *text, size_t count,
                    uint8_t *tag) {
  sc_hmac_sha256 mac;
  const uint8_t bits[8] = {0, 0, 0, 0, 0, 0, (uint8_t)(aad_count * 8 >> 8), (uint8_t)(aad_count * 8)};
  sc_hmac_sha256_set_key(&mac, material + 32, 32);
  sc_hmac_sha256_update(&mac, aad, aad_count);
  sc_hmac_sha256_update(&mac, material + 64, 16);
  sc_hmac_sha256_update(&mac, text, count);
  sc_hmac_sha256_update(&mac, bits, 8);
  sc_hmac_sha256_finish(&mac, tag);
}

static int seal(reference *state, uint8_t *body, size_t inner, const uint8_t *material, const uint8_t *aad,
                size_t aad_count) {
  int count = 0, last = 0;
  unsigned long long written = 0;
  switch (state->cipher) {
    case 1:
      if (!EVP_EncryptInit_ex2(state->context, NULL, material, material + 64, NULL)) return -1;
      if (!EVP_EncryptUpdate(state->context, body, &count, body, (int)inner)) return -1;
      if (!EVP_EncryptFinal_ex(state->context, body + count, &last)) return -1;
      cbc_tag(material, aad, aad_count, body, inner + 16, body + inner + 16);
      return 0;
    case 2:
      if (!EVP_EncryptInit_ex2(state->context, NULL, material, material + 32, NULL)) return -1;
      if (!EVP_EncryptUpdate(state->context, NULL, &count, aad, (int)aad_count)) return -1;
      if (!EVP_EncryptUpdate(state->context, body, &count, body, (int)inner)) return -1;
      if (!EVP_EncryptFinal_ex(state->context, body + count, &last)) return -1;
      return EVP_CIPHER_CTX_ctrl(state->context, EVP_CTRL_AEAD_GET_TAG, 16, body + inner) ? 0 : -1;
    default:
      return crypto_aead_xchacha20poly1305_ietf_encrypt(body, &written, body, inner, aad, aad_count, NULL,
                                                        material + 32, material);
  }
}

static int open_record(reference *state, const uint8_t *body, size_t inner, const uint8_t *material,
                       const uint8_t *aad, size_t aad_count, uint8_t *output) {
  int count = 0, last = 0;
  unsigned long long written = 0;
  uint8_t tag[32];
  switch (state->cipher) {
    case 1:
      cbc_tag(material, aad, aad_count, body, inner + 16, tag);
      if (sodium_memcmp(tag, body + inner + 16, 32) != 0) return -1;
      if (!EVP_DecryptInit_ex2(state->context, NULL, material, material + 64, NULL)) return -1;
      EVP_CIPHER_CTX_set_padding(state->context, 0);
      if (!EVP_DecryptUpdate(state->context, output, &count, body, (int)inner + 16)) return -1;
      return EVP_DecryptFinal_ex(state->context, output + count, &last) ? 0 : -1;
    case 2:
      if (!EVP_DecryptInit_ex2(state->context, NULL, material, material + 32, NULL)) return -1;
      if (!EVP_DecryptUpdate(state->context, NULL, &count, aad, (int)aad_count)) return -1;
      if (!EVP_DecryptUpdate(state->context, output, &count, body, (int)inner)) return -1;
      memcpy(tag, body + inner, 16);
      if (!EVP_CIPHER_CTX_ctrl(state->context, EVP_CTRL_AEAD_SET_TAG, 16, tag)) return -1;
      return EVP_DecryptFinal_ex(state->context, output + count, &last) > 0 ? 0 : -1;
    default:
      return crypto_aead_xchacha20poly1305_ietf_decrypt(output, &written, NULL, body, inner + 16, aad, aad_count,
                                                        material + 32, material);
  }
}

int reference_seal(reference *state, const uint8_t *plaintext, size_t inner, size_t rounds, uint8_t *frames,
                   size_t frame_count) {
  uint8_t material[80], aad[32];
  const uint16_t length = (uint16_t)(frame_count - 2);
  start(state);
  if (state->cipher == 1) EVP_CipherInit_ex2(state->context, EVP_aes_256_cbc(), NULL, NULL, 1, NULL);
  for (size_t i = 0; i < rounds; i++) {
    uint8_t *frame = frames + i * frame_count, *body = frame + 3;
    const size_t aad_count = associated(state, length, aad);
    frame[0] = (uint8_t)(length >> 8);
    frame[1] = (uint8_t)length;
    frame[2] = 0x10;
    memcpy(body, plaintext, inner - 4);
    const uint32_t checksum = (uint32_t)crc32(0, body, (uInt)inner - 4);
    for (int j = 0; j < 4; j++) body[inner - 4 + j] = (uint8_t)(checksum >> (24 - 8 * j));
    step(state, material);
    if (seal(state, body, inner, material, aad, aad_count) != 0) return -1;
  }
  OPENSSL_cleanse(material, sizeof material);
  return 0;
}

int reference_open(reference *state, const uint8_t *frames, size_t frame_count, size_t inner, size_t rounds,
                   uint8_t *output) {
  uint8_t material[80], aad[32];
  start(state);
  for (size_t i = 0; i < rounds; i++) {
    const uint8_t *frame = frames + i * frame_count;
    const size_t aad_count = associated(state, (uint16_t)(frame_count - 2), aad);
    step(state, material);
    if (open_record(state, frame + 3, inner, material, aad, aad_count, output) != 0) return -1;
    const uint32_t checksum = (uint32_t)crc32(0, output, (uInt)inner - 4);
    for (int j = 0; j < 4; j++)
      if (output[inner - 4 + j] != (uint8_t)(checksum >> (24 - 8 * j))) return -1;
  }
  return 0;
}

int reference_cbc_alone(uint8_t *buffer, size_t count, size_t rounds) {
  const uint8_t key[32] = {1}, iv[16] = {2};
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int written = 0, result = -1;
  if (context == NULL) return -1;
  if (EVP_EncryptInit_ex2(context, EVP_aes_256_cbc(), key, iv, NULL)) {
    result = 0;
    for (size_t i = 0; i < rounds; i++)
      if (!EVP_EncryptUpdate(context, buffer, &written, buffer, (int)count)) result = -1;
  }
  EVP_CIPHER_CTX_free(context);
  return result;
}

int reference_hmac_alone(uint8_t *buffer, size_t count, size_t rounds) {
  sc_hmac_sha256 mac;
  const uint8_t key[32] = {1};
  sc_hmac_sha256_set_key(&mac, key, sizeof key);
  for (size_t i = 0; i < rounds; i++) {
    sc_hmac_sha256_update(&mac, buffer, count);
    sc_hmac_sha256_finish(&mac, buffer);
  }
  return 0;
}
