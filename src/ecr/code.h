#ifndef ECR_ECR_CODE_H
#define ECR_ECR_CODE_H

#include "base/error.h"

/* What ECR's own error codes mean for a check (protocol facts, 8.5); CODE_UNKNOWN of aws/code.h for others. */
enum reason ecr_code_reason(const char *code);

/* What a failureCode of BatchGetImage means; REASON_REFUSED for one that is not known. */
enum reason ecr_failure_reason(const char *code);

#endif
