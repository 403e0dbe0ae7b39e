#ifndef ECR_NET_TLS_ERROR_H
#define ECR_NET_TLS_ERROR_H

#include "base/error.h"

/* Says in words what BearSSL's engine error `code` means (bearssl_ssl.h; 256 and up are alerts). Returns -1. */
int tls_error_set(struct error *error, const char *host, int code);

#endif
