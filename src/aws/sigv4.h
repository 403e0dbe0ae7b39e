#ifndef ECR_AWS_SIGV4_H
#define ECR_AWS_SIGV4_H

#include "aws/credentials.h"
#include "net/http.h"

/* AWS Signature Version 4 in the Authorization header (docs.aws.amazon.com, "Signature Version 4 signing process"). */
struct sigv4_scope {
    const char *region;
    const char *service; /* the signing name */
    int64_t time;        /* unix seconds, corrected for clock skew by the caller */
};

/*
 * Adds X-Amz-Date, X-Amz-Security-Token (with a session token) and Authorization to the request. All other headers
 * that are to be signed are in it already; Host is taken from its URL. The values live in `arena`.
 */
void sigv4_sign(struct arena *arena, struct http_request *request, const struct credentials *credentials,
                struct sigv4_scope scope);

/* The two texts that a signature is made of, for tests and for explaining a mismatch. */
char *sigv4_canonical_request(struct arena *arena, const struct http_request *request, char **signed_headers);
char *sigv4_string_to_sign(struct arena *arena, struct slice canonical_request, struct sigv4_scope scope);

#endif
