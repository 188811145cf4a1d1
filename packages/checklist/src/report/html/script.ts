/**
 * What makes the page handier where scripts run: items by state and by words, and everything unfolded on paper.
 * The page is whole without it.
 */
export const SCRIPT = `
(function(){
var form=document.getElementById('filter'),items=[].slice.call(document.querySelectorAll('.item'));
if(!form)return;
form.hidden=false;
var told=document.getElementById('shown'),find=form.querySelector('input[type=search]');
function apply(){
var states=[].slice.call(form.querySelectorAll('input[type=checkbox]:checked')).map(function(box){return box.value});
var words=find.value.toLowerCase().split(/\\s+/).filter(Boolean),count=0;
items.forEach(function(item){
var text=item.textContent.toLowerCase();
var shown=states.indexOf(item.dataset.state)>=0&&words.every(function(word){return text.indexOf(word)>=0});
item.hidden=!shown;if(shown)count+=1;
});
[].forEach.call(document.querySelectorAll('.section'),function(section){
section.hidden=!section.querySelector('.item:not([hidden])');
});
told.textContent=count+' of '+items.length+' items are shown';
}
form.addEventListener('input',apply);
form.addEventListener('submit',function(event){event.preventDefault()});
function reveal(){
var item=location.hash.length>1&&document.getElementById(decodeURIComponent(location.hash.slice(1)));
if(!item||!item.closest)return;
var hidden=item.closest('[hidden]')||item.querySelector('[hidden]');
if(hidden){form.reset();apply();item.scrollIntoView()}
if(item.classList.contains('item')){var fold=item.querySelector('details');if(fold)fold.open=true}
}
window.addEventListener('hashchange',reveal);reveal();
window.addEventListener('beforeprint',function(){
[].forEach.call(document.querySelectorAll('details:not([open])'),function(fold){fold.open=true;fold.dataset.paper='1'});
});
window.addEventListener('afterprint',function(){
[].forEach.call(document.querySelectorAll('details[data-paper]'),function(fold){fold.open=false;delete fold.dataset.paper});
});
})();
`
