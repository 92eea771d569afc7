// Photographs a report for the documentation: node scripts/report-screenshot.mjs report.html docs/images/report.png
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { argv, env } from 'node:process';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [report, picture] = argv.slice(2);
if (!report || !picture) throw new Error('usage: node scripts/report-screenshot.mjs REPORT.html PICTURE.png');
const browsers = [env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];
const executablePath = browsers.find((path) => path && existsSync(path));
if (!executablePath) throw new Error('no Chromium was found: set CHROMIUM to its path');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1120, height: 1040 } });
await page.goto(pathToFileURL(resolve(report)).href);
await page.waitForSelector('html.ready');
await page.waitForTimeout(500);
await page.screenshot({ path: picture });
await browser.close();
