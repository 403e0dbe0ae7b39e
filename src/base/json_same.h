#ifndef ECR_BASE_JSON_SAME_H
#define ECR_BASE_JSON_SAME_H

#include "base/json.h"

/*
 * Whether two values say the same: members of objects in any order, elements of arrays in theirs, numbers as they are
 * written. What is missing is the same as null.
 */
bool json_same(struct json_node a, struct json_node b);

/* The same for two texts; false if one of them is not JSON. */
bool json_same_text(struct slice a, struct slice b);

#endif
