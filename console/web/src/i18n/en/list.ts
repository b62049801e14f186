/** Tables, filters and pages of lists. */
export const list = {
  pages: 'Pages',
  before: 'Previous',
  after: 'Next',
  rows: '{from}–{to}',
  rowsOf: '{from}–{to} of {total}',
  clear: 'Clear filters',
  findPerson: 'Type a name',
  findPlace: 'Type an address',
  notFound: 'Nothing found',
  saved: 'Saved filters',
  save: 'Save these filters',
  saveName: 'Name of these filters',
  saveNow: 'Save',
  forget: 'Remove the saved filters “{name}”',
}
