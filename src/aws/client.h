#ifndef ECR_AWS_CLIENT_H
#define ECR_AWS_CLIENT_H

#include "aws/credentials.h"
#include "aws/retry.h"
#include "base/json.h"
#include "net/http.h"

/* A service that speaks AWS JSON 1.1. */
struct aws_service {
    const char *name;                           /* for messages: "ECR" */
    const char *signing_name;                   /* "ecr" */
    const char *target_prefix;                  /* of X-Amz-Target */
    enum reason (*reason_of)(const char *code); /* the service's own codes; CODE_UNKNOWN for others */
};

/* What all calls of a run share. */
struct aws_shared {
    struct retry retry;
    int64_t skew; /* seconds that the services' clocks are ahead of ours */
};

/* Calls of one service at one endpoint in one region. Nothing is owned. */
struct aws_client {
    const struct aws_service *service;
    const struct credentials *credentials;
    const char *region;
    struct url endpoint;
    struct http *http;
    struct aws_shared *shared;
};

/*
 * Calls an operation with a JSON body and parses the reply, which must be HTTP 200 with a JSON object. Everything
 * lives in `arena`. Retries what may pass, corrects the clock once. -1 with an error whose reason is the service
 * code's, and the code, the HTTP status and the request id in it.
 */
int aws_call(const struct aws_client *client, const char *operation, struct slice body, size_t reply_limit,
             int64_t deadline, struct arena *arena, struct json *reply, struct error *error);

#endif
