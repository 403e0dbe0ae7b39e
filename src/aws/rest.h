#ifndef ECR_AWS_REST_H
#define ECR_AWS_REST_H

#include "aws/source.h"

#define REST_REPLY_MAX (64 << 10) /* credentials and tokens have a few KB */

/* A service that gives credentials or tokens as JSON over plain requests that nothing signs. */
struct rest_call {
    const char *who;   /* for messages: "IAM Identity Center" */
    int attempts;      /* the first included */
    int64_t pause_ms;  /* between them; 0: as calls of AWS services wait */
    int64_t answer_ms; /* for one attempt */
};

/* The error of a reply that is not the wanted one: reason by status, service code and message if it has any. */
int rest_refused(const struct rest_call *call, const struct http_request *request, const struct http_reply *reply,
                 struct arena *arena, struct error *error);

/*
 * Sends the request until there is a reply with status 200. Other statuses are errors of what they say; transient ones
 * are tried again. Redirects are not followed: none of these services makes any.
 */
int rest_send(const struct source_context *context, const struct rest_call *call, struct http_request *request,
              struct http_reply *reply, struct error *error);

/* The same, for a reply that is a JSON object. */
int rest_send_json(const struct source_context *context, const struct rest_call *call, struct http_request *request,
                   struct json *json, struct error *error);

#endif
