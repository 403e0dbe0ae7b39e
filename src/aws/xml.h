#ifndef ECR_AWS_XML_H
#define ECR_AWS_XML_H

#include "base/arena.h"

/*
 * The replies of the AWS query protocol: small XML documents of elements and text. Attributes, comments and the
 * declaration are skipped, and an element with a comment in it counts as one without text; a document type is refused,
 * as is a NUL, and what is not closed properly: half a reply says nothing.
 */
#define XML_DEPTH_MAX 16   /* STS needs 5 */
#define XML_TEXTS_MAX 1000 /* elements with text; STS has 10 */

/* An element that holds text. */
struct xml_text {
    const char *path; /* "ErrorResponse/Error/Code", without namespace prefixes */
    struct slice raw; /* with its entities */
};

struct xml {
    struct xml_text *texts;
    size_t count;
};

/* Returns 0, or -1 for what is no such document. `text` must outlive the result, which lives in `arena`. */
int xml_parse(struct arena *arena, struct slice text, struct xml *xml);

/* The text of the first element whose path ends so ("Error/Code"), entities resolved; NULL without one. */
char *xml_get(const struct xml *xml, struct arena *arena, const char *path);

#endif
