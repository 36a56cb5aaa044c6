#pragma once

#include <curl/curl.h>

// libcurl's functions with "..." are not imported into Swift: one fixed signature each for what is used.

typedef size_t (*stt_curl_write_function)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode stt_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode stt_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode stt_curl_set_headers(CURL *handle, struct curl_slist *headers) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}

static inline CURLcode stt_curl_set_form(CURL *handle, curl_mime *form) {
    return curl_easy_setopt(handle, CURLOPT_MIMEPOST, form);
}

static inline CURLcode stt_curl_set_write(CURL *handle, stt_curl_write_function function, void *context) {
    const CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, function);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_WRITEDATA, context) : code;
}

static inline CURLcode stt_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

/// The result of the finished transfer of a multi handle with one easy handle; -1 while it runs.
static inline int stt_curl_multi_result(CURLM *multi) {
    int left = 0;
    const CURLMsg *message = curl_multi_info_read(multi, &left);
    return message && message->msg == CURLMSG_DONE ? (int)message->data.result : -1;
}
