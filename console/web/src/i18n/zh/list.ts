/** Tables, filters and pages of lists. */
export const list = {
  pages: '翻页',
  before: '上一页',
  after: '下一页',
  rows: '第 {from}–{to} 条',
  rowsOf: '第 {from}–{to} 条，共 {total} 条',
  clear: '清除筛选',
  findPerson: '输入姓名查找',
  findPlace: '输入地址查找',
  notFound: '没有找到',
  saved: '已存的筛选',
  save: '存为常用筛选',
  saveName: '给这组筛选起个名',
  saveNow: '存下',
  forget: '删除常用筛选“{name}”',
}
