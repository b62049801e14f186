export const supervision = {
  title: '督办',
  about: '超过时限还没有接警、到场、办结、核查或受理的警情，最久的在最前。',
  none: '没有超时的警情',
  since: '从 {time} 起',
  count: '共超时 {n} 次',
  owner: '责任人 {name}',
  noOwner: '暂无责任人',
  open: '查看',
}
