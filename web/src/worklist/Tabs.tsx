import classes from "./worklist.module.css";

export interface Tab<Id extends string> {
  id: Id;
  label: string;
  count: number;
}

export interface TabsProps<Id extends string> {
  label: string;
  tabs: readonly Tab<Id>[];
  current: Id;
  onChange: (id: Id) => void;
  panelId: string;
}

/** Parts of one list with how much is in each. */
export function Tabs<Id extends string>({ label, tabs, current, onChange, panelId }: TabsProps<Id>) {
  return (
    <div className={classes.tabs} role="tablist" aria-label={label}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          aria-selected={tab.id === current}
          aria-controls={panelId}
          className={classes.tab}
          onClick={() => onChange(tab.id)}
        >
          {tab.label}
          <span className={classes.count}>{tab.count}</span>
        </button>
      ))}
    </div>
  );
}
