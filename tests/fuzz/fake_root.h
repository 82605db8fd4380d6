/* Sofia's root, stood in for in the targets of the SIP room, once for all of them. Included where
 * some_handle, loop and MUST are known; it defines functions, because an archive would come too
 * late for those that src/sip wants. */
int root_create(struct loop *with, struct root **ret_root)
{
    MUST(with == loop);
    *ret_root = (struct root *)some_handle;
    return 0;
}
void root_destroy(struct root *root)
{
    MUST(root != NULL);
}
su_root_t *root_su(struct root *root)
{
    (void)root;
    return NULL;
}

int root_fd(const struct root *root)
{
    (void)root;
    return -1; /* no connection is looked at here */
}
