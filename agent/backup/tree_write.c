/* A tree grows from its leaves: a node that is full becomes a chunk, and a reference in the
 * level above.
 *
 *   level 2          [n n n]
 *   level 1     [n n … n] [n n]
 *   level 0   [c c … c] [c c … c] [c c]        c: a chunk of data
 *
 * What is left in the end is written from below, until TREE_TOP references say it all. */
#include "agent/backup/writer.h"

#include "runtime/crypto/ssh_wire.h"

void tree_init(struct tree *tree)
{
	*tree = (struct tree){ 0 };
	for (size_t i = 0; i < TREE_DEPTH; i++)
		tree->pending[i] = BUF_NULL(TREE_NODE * TREE_REF);
}

void tree_deinit(struct tree *tree)
{
	for (size_t i = 0; i < TREE_DEPTH; i++)
		buf_free(&tree->pending[i]);
}

/* Writes what waits at a level as a node of the level above. */
static int close_node(struct vault_writer *writer, struct tree *tree, size_t level)
{
	struct tree_ref ref;
	int r;

	if (level + 1 == TREE_DEPTH)
		return writer_fail(writer,
				vault_says(&writer->trouble, VAULT_E_FAILED, "Refused",
						"a file is larger than a backup can "
						"hold"));
	r = writer_chunk(writer, buf_view(&tree->pending[level]), true, &ref);
	if (r)
		return r;
	buf_clear(&tree->pending[level]);
	tree_ref_add(&tree->pending[level + 1], &ref);
	return VAULT_OK;
}

static int add_chunk(
		struct vault_writer *writer, struct tree *tree, struct cutter *cutter)
{
	struct tree_ref ref;
	int r;

	r = writer_chunk(writer, buf_view(&cutter->chunk), cutter->shape == VAULT_STREAM,
			&ref);
	if (r)
		return r;
	tree->size += cutter->chunk.len;
	cutter_next(cutter);
	tree_ref_add(&tree->pending[0], &ref);
	for (size_t i = 0; i < TREE_DEPTH && tree->pending[i].len == TREE_NODE * TREE_REF;
			i++) {
		r = close_node(writer, tree, i);
		if (r)
			return r;
	}
	return VAULT_OK;
}

int tree_add(struct vault_writer *writer, struct tree *tree, struct cutter *cutter,
		struct view bytes)
{
	while (cutter_take(cutter, &bytes)) {
		int r = add_chunk(writer, tree, cutter);

		if (r)
			return r;
	}
	return VAULT_OK;
}

static bool is_top(const struct tree *tree, size_t level)
{
	for (size_t i = level + 1; i < TREE_DEPTH; i++)
		if (tree->pending[i].len)
			return false;
	return tree->pending[level].len <= TREE_TOP * TREE_REF;
}

int tree_end(struct vault_writer *writer, struct tree *tree, struct cutter *cutter,
		struct tree_root *out)
{
	struct ssh_wire wire;
	size_t level = 0;
	int r = cutter->chunk.len ? add_chunk(writer, tree, cutter) : VAULT_OK;

	for (; r == VAULT_OK && !is_top(tree, level); level++)
		if (tree->pending[level].len)
			r = close_node(writer, tree, level);
	if (r)
		return r;
	*out = (struct tree_root){ .level = (uint32_t)level, .size = tree->size };
	wire = ssh_wire_of(buf_view(&tree->pending[level]));
	while (wire.rest.len && tree_ref_take(&wire, &out->refs[out->count]))
		out->count++;
	buf_clear(&tree->pending[level]);
	tree->size = 0;
	return VAULT_OK;
}
