/* Replays a corpus through a fuzz target: what was found once stays found. Without the
 * fuzzer's runtime this is the target's main(). Arguments are files or folders of files.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0)
		return perror(path), -1;
	rewind(file);
	data = malloc(size ? (size_t)size
			   : 1); /* exact, so that a sanitizer sees one byte past it */
	if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
		return perror(path), -1;
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return 1;
}

static int replay(const char *path)
{
	char inside[4096];
	struct dirent *entry;
	int count = 0;
	DIR *folder = opendir(path);

	if (!folder)
		return replay_file(path);
	while ((entry = readdir(folder))) {
		int r;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
		r = replay_file(inside);
		if (r < 0)
			return closedir(folder), -1;
		count += r;
	}
	closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int count = replay(argv[i]);

		if (count < 0)
			return 1;
		total += count;
	}
	printf("%d inputs replayed\n", total);
	return total > 0 ? 0 : 1; /* an empty corpus is a mistake */
}
