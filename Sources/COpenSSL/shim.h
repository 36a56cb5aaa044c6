#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

// What OpenSSL offers as macros or wants as callbacks.

/// ALPN of the protocol, as it stands in the extension.
static const unsigned char stt_tls_alpn[] = {5, 's', 't', 't', '/', '1'};

/// The bytes between OpenSSL and a socket: what has come, and room for what is to go.
struct stt_tls_channel {
    const unsigned char *input;
    size_t input_count;
    unsigned char *output;
    size_t output_count;
    size_t output_capacity;
    /// The peer's certificate, where it was refused. Owned.
    X509 *refused;
};

static inline int stt_tls_bio_read(BIO *bio, char *buffer, int count) {
    struct stt_tls_channel *channel = (struct stt_tls_channel *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (channel->input_count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t taken = (size_t)count < channel->input_count ? (size_t)count : channel->input_count;
    memcpy(buffer, channel->input, taken);
    channel->input += taken;
    channel->input_count -= taken;
    return (int)taken;
}

static inline int stt_tls_bio_write(BIO *bio, const char *bytes, int count) {
    struct stt_tls_channel *channel = (struct stt_tls_channel *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t room = channel->output_capacity - channel->output_count;
    if (room == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    size_t taken = (size_t)count < room ? (size_t)count : room;
    memcpy(channel->output + channel->output_count, bytes, taken);
    channel->output_count += taken;
    return (int)taken;
}

static inline long stt_tls_bio_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static inline BIO_METHOD *stt_tls_bio_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stt");
    if (method == NULL) return NULL;
    BIO_meth_set_read(method, stt_tls_bio_read);
    BIO_meth_set_write(method, stt_tls_bio_write);
    BIO_meth_set_ctrl(method, stt_tls_bio_control);
    return method;
}

/// Puts a session on a channel, which must outlive it. 0 where there is no memory.
static inline int stt_tls_attach(SSL *ssl, BIO_METHOD *method, struct stt_tls_channel *channel) {
    BIO *bio = BIO_new(method);
    if (bio == NULL) return 0;
    BIO_set_data(bio, channel);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return 1;
}

static inline int stt_tls_select_alpn(
    SSL *ssl, const unsigned char **chosen, unsigned char *chosen_count, const unsigned char *offered,
    unsigned int count, void *context) {
    (void)ssl, (void)context;
    for (unsigned int at = 0; at < count && at + 1 + offered[at] <= count; at += 1 + offered[at]) {
        if (offered[at] == stt_tls_alpn[0] && memcmp(offered + at + 1, stt_tls_alpn + 1, stt_tls_alpn[0]) == 0) {
            *chosen = offered + at + 1;
            *chosen_count = offered[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// The callback above is not asked where a client offers no ALPN at all.
static inline int stt_tls_check_hello(SSL *ssl, int *alert, void *context) {
    (void)context;
    const unsigned char *bytes;
    size_t count;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes, &count)) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_APPLICATION_PROTOCOL);
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

/// A key with a pass phrase is refused instead of asking for it on the terminal.
static inline int stt_tls_no_pass_phrase(char *buffer, int size, int is_writing, void *context) {
    (void)buffer, (void)size, (void)is_writing, (void)context;
    return -1;
}

// Source: the "intermediate" configuration of Mozilla's Server Side TLS 5.7, without the finite-field key exchange. The order
// is its, too: AES-128 first, which is a quarter faster and strong enough.
#define STT_TLS12_CIPHERS                                                                                              \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"                         \
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define STT_TLS13_CIPHERS "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/// The rules that every context has. 0 where OpenSSL does not know them.
static inline int stt_tls_prepare(SSL_CTX *context, int is_server) {
    SSL_CTX_set_default_passwd_cb(context, stt_tls_no_pass_phrase);
    // A connection lives long, so resuming saves little; and no ticket outlives the authority that it was given under.
    SSL_CTX_set_options(
        context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (!SSL_CTX_set_num_tickets(context, 0) || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
        !SSL_CTX_set_cipher_list(context, STT_TLS12_CIPHERS) ||
        !SSL_CTX_set_ciphersuites(context, STT_TLS13_CIPHERS) ||
        !SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384")) {
        return 0;
    }
    if (is_server) {
        SSL_CTX_set_client_hello_cb(context, stt_tls_check_hello, NULL);
        SSL_CTX_set_alpn_select_cb(context, stt_tls_select_alpn, NULL);
        return 1;
    }
    return SSL_CTX_set_alpn_protos(context, stt_tls_alpn, sizeof stt_tls_alpn) == 0;
}

static inline int stt_tls_set_versions(SSL_CTX *context, int least, int most) {
    return SSL_CTX_set_min_proto_version(context, least) && SSL_CTX_set_max_proto_version(context, most);
}

static inline int stt_tls_has_alpn(SSL *ssl) {
    const unsigned char *chosen;
    unsigned int count;
    SSL_get0_alpn_selected(ssl, &chosen, &count);
    return count == stt_tls_alpn[0] && memcmp(chosen, stt_tls_alpn + 1, count) == 0;
}

/// Names the server to it, for one with several certificates.
static inline int stt_tls_set_sni(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }

/// The alternative names of a certificate, one at a time; NULL after the last.
static inline const GENERAL_NAME *stt_tls_name_at(const GENERAL_NAMES *names, int index) {
    return index < sk_GENERAL_NAME_num(names) ? sk_GENERAL_NAME_value(names, index) : NULL;
}

/// The text of a DNS name or URI; NULL for a name of another kind.
static inline const ASN1_STRING *stt_tls_name_text(const GENERAL_NAME *name) {
    switch (name->type) {
    case GEN_DNS: return name->d.dNSName;
    case GEN_URI: return name->d.uniformResourceIdentifier;
    default: return NULL;
    }
}

static inline const ASN1_OCTET_STRING *stt_tls_name_address(const GENERAL_NAME *name) {
    return name->type == GEN_IPADD ? name->d.iPAddress : NULL;
}

/// Keeps a certificate that is refused, which OpenSSL forgets, so that the reason can name it.
static inline int stt_tls_note_refused(int is_accepted, X509_STORE_CTX *store) {
    SSL *ssl = (SSL *)X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    if (!is_accepted && ssl != NULL && certificate != NULL) {
        struct stt_tls_channel *channel = (struct stt_tls_channel *)BIO_get_data(SSL_get_rbio(ssl));
        if (channel->refused == NULL && X509_up_ref(certificate)) channel->refused = certificate;
    }
    return is_accepted;
}

static inline void stt_tls_set_verify(SSL_CTX *context, int is_verifying) {
    SSL_CTX_set_verify(
        context, is_verifying ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE,
        is_verifying ? stt_tls_note_refused : NULL);
}
