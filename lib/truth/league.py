"""prototype"""
import sys, time, tempfile, pickle
from pathlib import Path
from datetime import timedelta
import numpy as np, pandas as pd
from truth import league_life as ll
from truth.media import split_as, usual_budget
from apex.report.upstream import media
from apex.model import split as splits, media_plan
from twin.curves import outcome, scaled

def contacts_split(life, number, name):
    s=life.of
    with tempfile.TemporaryDirectory() as f:
        w=life.seen(Path(f))
        p=s.usual[number]
        made=media.planned(w, s.brand, s.earlier(number), (p.last_day-p.first_day).days+1, s.budgets[number], [], [], 1, (), p.first_day)
        assert isinstance(made, media.MediaPlan), made
        names=made.learned.curves.channels
        b = made.split.budget if name=='ours' else made.rivals[name]
        return pd.Series(b, names), made

def gains(life, plan, salts):
    s=life.of
    out=[]
    for salt in salts:
        lived=s.market.play(plan, after=life.now, until=plan.last_day+timedelta(days=15), brand=s.brand, salt=salt, cores=1)
        o=outcome(lived,0,s.market.drawn.calendar.number(plan.first_day),lived.until-1)
        out.append((o.gmv_minor,o.spent_minor))
    return np.array(out,float)

def usual_scaled(s, k):
    u=usual_budget(s.usual[k]); return u/u.sum()*s.budgets[k]

def oracle(life, k, read=3, times=(0,1,4)):
    s=life.of; p=s.usual[k]; total=s.budgets[k]
    u=usual_scaled(s,k); base_plan=split_as(p,u); salts=range(1000,1000+read)
    base=gains(life,base_plan,salts)[:,0].mean()
    names=list(u.index); one=[];more=[];ceil=[]
    for c in names:
        r={t: gains(life, scaled(base_plan,c,t), salts)[:,0].mean() for t in (0,4)}
        one.append(max(base-r[0],0)); more.append(max(r[4]-r[0],1))
        alone=[m for m in scaled(base_plan,c,100).media if m.channel==c]
        ceil.append(max(float(s.market.play(base_plan.model_copy(update={'media':alone}),after=life.now,brand=s.brand,cores=1).lines.spent_minor.sum()),u[c]))
    one,more=np.array(one),np.array(more)
    ratio=np.clip(more/np.maximum(one,1.0),1.3,3.9)
    r=(4-ratio)/(4*(ratio-1))
    value=(one*(1+r)+more*(1+4*r)/4)/2/u.to_numpy()
    caps=np.minimum(np.array(ceil),total)
    b=splits.best(lambda b: value*b/(1+b*r/u.to_numpy()), total, 0*caps, caps, names).budget
    return pd.Series(b,names)

def run(seed, consumers, policies, K):
    s=ll.season(seed, consumers)
    quiet=s.past; quiets=[]
    for k,p in enumerate(s.usual):
        q=p.model_copy(update={'media':[m for m in p.media if m.budget_minor is None]})
        quiets.append(gains(quiet,q,range(K))[:,0])
        quiet=quiet.played(q, s.eve(k+1) if k<5 else s.last_day)
    rows=[]
    for name in policies:
        life=s.past; t=time.time()
        for k,p in enumerate(s.usual):
            if name=='last' : b=usual_scaled(s,k)
            elif name=='even': u=usual_scaled(s,k); b=u*0+s.budgets[k]/len(u)
            elif name=='oracle': b=oracle(life,k)
            else: b,_=contacts_split(life,k,name)
            plan=split_as(p,b)
            g=gains(life,plan,range(K))
            new=life.played(plan, s.eve(k+1) if k<5 else s.last_day)
            rows.append((seed,name,k,g[:,0].mean(),quiets[k].mean(),(g[:,0]-quiets[k]).std()/np.sqrt(K),g[:,1].mean(),s.budgets[k]," ".join(f"{c}={v/s.budgets[k]:.2f}" for c,v in b.items())))
            life=new
        print(seed,name,round(time.time()-t),[round((r[3]-r[4])/1e4,1) for r in rows[-6:]],[round(r[6]/r[7],2) for r in rows[-6:]],flush=True)
    return pd.DataFrame(rows,columns=['seed','policy','k','gmv','quiet','se','spent','budget','shares'])
if __name__=='__main__':
    a,b,n=int(sys.argv[1]),int(sys.argv[2]),int(sys.argv[3]); pol=sys.argv[4].split(',')
    for seed in range(a,b):
        f=run(seed,n,pol,int(sys.argv[5])); f.to_csv(f'/tmp/w/me/lg-{seed}-{sys.argv[6]}.csv',index=False)
