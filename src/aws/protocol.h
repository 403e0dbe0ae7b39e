#ifndef ECR_AWS_PROTOCOL_H
#define ECR_AWS_PROTOCOL_H

#include "aws/xml.h"
#include "base/json.h"
#include "net/http_head.h"

/* A reply's document; which one is filled depends on the protocol. */
struct aws_document {
    struct json json;
    struct xml xml;
};

/* What an error reply says. Texts in an arena, NULL where it does not say. */
struct aws_failure {
    const char *code;
    const char *message;
    const char *request_id;
};

/* A way in which AWS services are spoken to. */
struct aws_protocol {
    const char *content_type;
    const char *document; /* what a reply is, for messages: "JSON object" */
    /* Reads the body of a reply with status 200; -1 if it is not such a document. */
    int (*parse)(struct arena *arena, struct slice body, struct aws_document *document);
    void (*read_failure)(struct arena *arena, const struct http_head *head, struct slice body,
                         struct aws_failure *failure);
};

extern const struct aws_protocol aws_json_protocol;  /* AWS JSON 1.1: ECR */
extern const struct aws_protocol aws_query_protocol; /* forms in, XML out: STS */

#endif
