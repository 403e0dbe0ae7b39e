#ifndef ECR_AWS_CLIENT_H
#define ECR_AWS_CLIENT_H

#include "aws/protocol.h"
#include "aws/provider.h"

/* A service of AWS. */
struct aws_service {
    const char *name;          /* for messages: "ECR" */
    const char *signing_name;  /* "ecr" */
    const char *target_prefix; /* of X-Amz-Target; NULL: the protocol has none */
    const struct aws_protocol *protocol;
    enum reason (*reason_of)(const char *code); /* the service's own codes; CODE_UNKNOWN for others */
};

/* Calls of one service at one endpoint in one region. Nothing is owned. */
struct aws_client {
    const struct aws_service *service;
    struct aws_provider *provider; /* whose credentials sign; NULL: nothing is signed */
    const char *region;
    struct url endpoint;
    struct http *http;
    struct aws_shared *shared;
};

/* What is sent. */
struct aws_request {
    const char *operation;
    struct slice body;
    const char *secret; /* in the body, NULL without one */
    size_t reply_limit;
    int64_t deadline;
};

/*
 * Calls an operation and parses the reply, which must be HTTP 200 with a document of the service's protocol. Everything
 * lives in `arena`. Retries what may pass, corrects the clock once, and renews credentials once that are over. -1 with
 * an error whose reason is the service code's, and the code, the HTTP status and the request id in it.
 */
int aws_call(const struct aws_client *client, const struct aws_request *request, struct arena *arena,
             struct aws_document *document, struct error *error);

#endif
