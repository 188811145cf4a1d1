/** The style of the page: nothing of it is loaded from anywhere, and states are told without colour as well. */
export const STYLE = `
:root{color-scheme:light dark;--page:#fff;--text:#1b1f24;--soft:#57606a;--line:#d0d7de;--panel:#f6f8fa;
--link:#0b57b0;--failed:#a5101e;--failed-back:#fdecec;--unproved:#7a4b00;--unproved-back:#fff5dc;
--proved:#0f6a30;--proved-back:#e7f6ec;--attested:#0b57b0;--attested-back:#e8f1fc;
--not_applicable:#57606a;--not_applicable-back:#f0f2f4}
@media (prefers-color-scheme:dark){:root{--page:#0f1318;--text:#e8ecf1;--soft:#a5b0bc;--line:#343c46;--panel:#181e25;
--link:#85b9ff;--failed:#ff9a94;--failed-back:#3a1719;--unproved:#f2c66d;--unproved-back:#33270b;
--proved:#7bd796;--proved-back:#10291a;--attested:#8cc0ff;--attested-back:#12253d;
--not_applicable:#a5b0bc;--not_applicable-back:#20262d}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,"Liberation Sans",sans-serif;
overflow-wrap:anywhere}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:1rem;background:var(--page);padding:.5rem 1rem;z-index:1}
code{font:.875em/1.5 ui-monospace,"Liberation Mono",monospace}
time,.few,.from,.meta{color:var(--soft);font-size:.875rem}
time{white-space:nowrap}
header,.frame{max-width:78rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem}
h2{font-size:1.4rem;line-height:1.25;margin:0 0 .75rem}
h3{font-size:1.1rem;margin:1.75rem 0 .5rem}
h4{font-size:1rem;font-weight:600;margin:0;flex:1 1 12rem}
.about{color:var(--soft);margin:0 0 1.25rem}
.verdict{border:2px solid;border-radius:.5rem;padding:1rem 1.25rem;margin:0 0 1.25rem;font-size:1.15rem}
.verdict b{font-size:1.5rem;display:block}
.verdict.failed{background:var(--failed-back);color:var(--failed)}
.verdict.unproved{background:var(--unproved-back);color:var(--unproved)}
.verdict.proved{background:var(--proved-back);color:var(--proved)}
.badge{display:inline-block;font-size:.8125rem;font-weight:600;line-height:1.4;white-space:nowrap;border:1px solid;
border-radius:1rem;padding:.05rem .6rem}
.badge.failed{color:var(--failed);background:var(--failed-back)}
.badge.unproved{color:var(--unproved);background:var(--unproved-back)}
.badge.proved{color:var(--proved);background:var(--proved-back)}
.badge.attested{color:var(--attested);background:var(--attested-back)}
.badge.not_applicable{color:var(--not_applicable);background:var(--not_applicable-back)}
.bar{display:block;width:100%;height:1rem;border-radius:.25rem;overflow:hidden;margin:0 0 .75rem}
.bar .failed{fill:var(--failed)}.bar .unproved{fill:var(--unproved)}.bar .proved{fill:var(--proved)}
.bar .attested{fill:var(--attested)}.bar .not_applicable{fill:var(--line)}
.frame{display:grid;grid-template-columns:15rem minmax(0,1fr);gap:2.5rem;padding-top:1rem;padding-bottom:3rem}
.contents{position:sticky;top:1rem;align-self:start;max-height:calc(100vh - 2rem);overflow:auto}
.contents ul{list-style:none;margin:0 0 1rem;padding:0}
.contents a{display:flex;justify-content:space-between;gap:.5rem;padding:.3rem .5rem;border-radius:.25rem;
text-decoration:none}
.contents .few{white-space:nowrap;overflow-wrap:normal}
.contents a:hover{background:var(--panel);text-decoration:underline}
.contents p{margin:.5rem .5rem .25rem;font-size:.8125rem;font-weight:600;color:var(--soft)}
.page{border-top:1px solid var(--line);padding:2rem 0 1rem}
.page:first-child{border-top:0;padding-top:0}
.page>nav.turn{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;font-size:.875rem;margin-top:1.5rem}
.sections{columns:2 18rem;padding-left:1.1rem;margin:.5rem 0 0}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);
overflow-wrap:normal}
td code{white-space:nowrap}
tbody th p{margin:0}
tbody th{font-weight:500;min-width:11rem}
thead th{font-size:.8125rem;color:var(--soft)}
.counts td,.counts thead th:not(:first-child){text-align:right;font-variant-numeric:tabular-nums}
.counts .zero{color:var(--soft)}
.items{list-style:none;margin:0;padding:0}
.item{border-bottom:1px solid var(--line);padding:.7rem 0 .7rem .75rem;border-left:.25rem solid transparent}
.item:target,.cause:target{background:var(--panel)}
.item.failed{border-left-color:var(--failed)}.item.unproved{border-left-color:var(--unproved)}
.line{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline}
.number{color:var(--soft);min-width:2rem;font-variant-numeric:tabular-nums}
.rest{margin-left:2.75rem}
.rest p{margin:.3rem 0}
.cause{border:1px solid var(--line);border-left:.25rem solid;border-radius:.25rem;padding:.9rem 1.1rem;margin:0 0 1rem;
background:var(--panel)}
.cause.failed{border-left-color:var(--failed)}.cause.unproved{border-left-color:var(--unproved)}
.cause h3{margin:0;font-size:1rem}
.cause p{margin:.1rem 0 .5rem}
.remedy{font-weight:500}
.remedy b{display:inline-block;font-size:.8125rem;border:1px solid var(--line);border-radius:.25rem;padding:0 .4rem;
margin-right:.35rem;background:var(--page)}
.awaits{color:var(--soft)}
.regressions{border:1px solid var(--line);border-radius:.25rem;padding:.25rem 1.1rem;margin-bottom:1rem}
.regressions h3{margin:.6rem 0 .2rem}
details{margin:.2rem 0}
summary{cursor:pointer;color:var(--soft);font-size:.9375rem}
.label{font-weight:600}
.evidence{margin:.4rem 0;padding-left:1.2rem;font-size:.9375rem}
.kind{font-size:.8125rem;font-weight:600;color:var(--soft)}
.filter{border:1px solid var(--line);border-radius:.5rem;padding:.5rem 1rem .75rem;margin:0 0 1.5rem;display:flex;
flex-wrap:wrap;gap:.5rem 1.25rem;align-items:center}
.filter legend{font-size:.875rem;font-weight:600;padding:0 .35rem}
.filter input[type=search]{font:inherit;padding:.3rem .5rem;border:1px solid var(--soft);border-radius:.25rem;
background:var(--page);color:var(--text);min-width:12rem;max-width:100%}
[hidden]{display:none!important}
footer{color:var(--soft);font-size:.875rem;border-top:1px solid var(--line);padding-top:1rem}
@media (max-width:52rem){.frame{grid-template-columns:minmax(0,1fr);gap:1rem}
.contents{position:static;max-height:none}.contents p{margin:0 0 .25rem}
.contents ul{display:flex;flex-wrap:wrap;gap:.4rem;margin-bottom:.75rem}
.contents a{border:1px solid var(--line);border-radius:1rem;padding:.2rem .7rem;font-size:.9375rem}
.rest{margin-left:0}header,.frame{padding-left:1rem;padding-right:1rem}header{padding-top:1.25rem}
.items .number{min-width:1.5rem}td code{white-space:normal}}
@media print{:root{color-scheme:light}body{font-size:9.5pt}table,summary,.evidence,h4{font-size:1em}.gist,.turn{display:none!important}
.contents,.skip,.filter,.turn,.sections{display:none!important}
.frame{display:block;max-width:none;padding:0}header{max-width:none;padding:0}
.page{break-before:page;border:0;padding:0}.item,.cause,tr{break-inside:avoid}h2,h3{break-after:avoid}
details::details-content{content-visibility:visible;height:auto;display:block}
a{color:inherit;text-decoration:none}.wide{overflow:visible}td code{white-space:normal}
.badge,.verdict,.bar{print-color-adjust:exact}}
`
