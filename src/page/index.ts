/**
 * A page as a browser is given it: its files below a path that never changes, under one strict policy. What is shown, and
 * where, is the rooms' that have a page (the manager's, and the one at /inspect); they come in here.
 */
export { answerFile, assemblePage, type Page, type PageFile } from './page.ts'
