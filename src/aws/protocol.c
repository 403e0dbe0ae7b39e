#include "aws/protocol.h"

#include "aws/code.h"

#define REQUEST_ID_MAX 64 /* UUIDs have 36 characters */

static const char *id_of_header(struct arena *arena, const struct http_head *head)
{
    struct slice id = http_header_get(head, "x-amzn-requestid");
    return id.len ? arena_copy(arena, slice_head(id, REQUEST_ID_MAX)) : NULL;
}

static int parse_json(struct arena *arena, struct slice body, struct aws_document *document)
{
    return json_parse(arena, body, &document->json) < 0 || !json_is(json_root(&document->json), JSON_OBJECT) ? -1 : 0;
}

static void read_json_failure(struct arena *arena, const struct http_head *head, struct slice body,
                              struct aws_failure *failure)
{
    failure->code = aws_error_code(arena, head, body, &failure->message);
    failure->request_id = id_of_header(arena, head);
}

static int parse_xml(struct arena *arena, struct slice body, struct aws_document *document)
{
    return xml_parse(arena, body, &document->xml);
}

static void read_xml_failure(struct arena *arena, const struct http_head *head, struct slice body,
                             struct aws_failure *failure)
{
    struct xml xml;
    *failure = (struct aws_failure){.request_id = id_of_header(arena, head)};
    if (xml_parse(arena, body, &xml) < 0)
        return;
    const char *code = xml_get(&xml, arena, "Error/Code");
    failure->code = code ? aws_clean_code(arena, slice_of(code)) : NULL;
    failure->message = xml_get(&xml, arena, "Error/Message");
    const char *id = xml_get(&xml, arena, "RequestId");
    if (!failure->request_id && id)
        failure->request_id = arena_copy(arena, slice_head(slice_of(id), REQUEST_ID_MAX));
}

const struct aws_protocol aws_json_protocol = {"application/x-amz-json-1.1", "JSON object", parse_json,
                                               read_json_failure};
const struct aws_protocol aws_query_protocol = {"application/x-www-form-urlencoded; charset=utf-8", "XML document",
                                                parse_xml, read_xml_failure};
