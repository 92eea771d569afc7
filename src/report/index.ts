import { throwIfAborted } from '../errors.js';
import { writeAtomic } from '../io/index.js';
import type { ReportData } from '../types.js';
import { removeFolders, writeFolder } from './folder.js';
import { page } from './page.js';
import { blocks, ONE_FILE_DOCUMENTS } from './payload.js';
import { viewOf } from './view.js';

/**
 * Writes the report of a run as an HTML file that needs no network and no server.
 *
 * It shows the facts of the run, the scores against known categories, where the time went, an interactive map, a card
 * per cluster and a searchable table of the documents. Every text in it is data, never markup, and the page's
 * content-security policy lets nothing run but its own script.
 *
 * Up to 1,000 documents their texts stand readable in the source; beyond, they are compressed, and texts of over 2,000
 * characters (fewer from 16,000 to 100,000 documents) are cut. Up to 100,000 documents the report is one file. Beyond,
 * its data lie in blocks in a folder beside it, `report-data` for `report.html`, of which the page loads what it needs.
 *
 * The file appears whole or not at all, after the folder, which is named by its content and replaces older ones only
 * then. The same data gives the same bytes. The cost is linear in the documents: 100,000 headlines take about 0.35 s
 * of processor time, a million 3 s and, at the peak, 134 MB beside the data: 8 bytes a document, and one block at a time.
 * @throws MatomariError `bad_input` when labels, distances, map and documents are not equally many, or a label has no
 * cluster; `bad_file` when the file or the folder cannot be written; `cancelled`.
 */
export async function writeReport(
  file: string,
  data: ReportData,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const view = viewOf(data);
  throwIfAborted(options.signal, `writing ${file}`);
  const folder =
    data.documents.length > ONE_FILE_DOCUMENTS ? await writeFolder(file, blocks(view), options) : null;
  await writeAtomic(file, page(view, folder), options);
  await removeFolders(file, folder);
}
