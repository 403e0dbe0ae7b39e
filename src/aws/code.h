#ifndef ECR_AWS_CODE_H
#define ECR_AWS_CODE_H

#include "base/error.h"
#include "net/http_head.h"

/* The error codes that every AWS service may send, and what they mean. Decisions go by code, never by message. */

#define CODE_UNKNOWN REASON_COUNT

/* CODE_UNKNOWN for a code that is not in the table. */
enum reason aws_code_reason(const char *code);

/* A code that says "slower". LimitExceededException is in the SDKs' list but is a quota in ECR: not here. */
bool aws_code_is_throttle(const char *code);

/* A code by which a service may mean that our clock is wrong. */
bool aws_code_may_be_skew(const char *code);

/* A code without its namespace and URI: "ns#Code:http://..." to "Code"; NULL for what cannot be one. */
const char *aws_clean_code(struct arena *arena, struct slice text);

/*
 * The code of an error reply of the AWS JSON protocol: the body's "__type", else the header x-amzn-errortype, else
 * the body's "code" or "Code", cleaned of namespace and URI; NULL when there is none, when type and header differ, or
 * when there is a body that is no JSON object. *message as well.
 */
const char *aws_error_code(struct arena *arena, const struct http_head *head, struct slice body, const char **message);

#endif
