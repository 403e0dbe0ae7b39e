#ifndef ECR_ECR_DOCUMENT_H
#define ECR_ECR_DOCUMENT_H

/* A rule that a JSON document breaks, and where. */
struct document_fault {
    const char *path; /* "rules[0].selection.tagStatus"; "" for the whole */
    const char *rule; /* NULL: no fault */
};

#endif
